#include <sluice/config/diagnostic.hpp>

namespace sluice::config {

std::string to_string(const diagnostic& f) {
    std::string text = f.file;
    if (f.line > 0) {
        text.append(":").append(std::to_string(f.line)).append(":").append(std::to_string(f.column));
    }
    return text.append(": error: ").append(f.message);
}

} // namespace sluice::config
