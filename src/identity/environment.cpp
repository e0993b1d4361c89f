#include <sluice/base/text.hpp>
#include <sluice/identity/environment.hpp>

#include <cstdlib>
#include <string>

namespace sluice::identity {

environment process_environment() {
    return [](std::string_view name) -> std::optional<std::string> {
        const char* const value = std::getenv(std::string(name).c_str());
        if (value == nullptr || *value == '\0') {
            return std::nullopt;
        }
        return value;
    };
}

bool is_true(const environment& env, std::string_view name) {
    return to_lower(env(name).value_or("")) == "true";
}

} // namespace sluice::identity
