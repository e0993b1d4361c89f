// Any bytes as a configuration: no crash, no hang, no file read, and a result that can be printed.
#include <sluice/config/load.hpp>
#include <sluice/config/redact.hpp>
#include <sluice/config/text.hpp>
#include <sluice/origin/kinds/table.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <variant>

namespace {

sluice::config::load_options fuzz_options() {
    sluice::config::load_options options;
    options.environment = {{"NAME", "value"}, {"EMPTY", ""}};
    options.automatic_workers = 2;
    options.read_file = [](const std::filesystem::path&) -> sluice::result<std::string> {
        return std::string("text\n");
    };
    return options;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto options = fuzz_options();
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto loaded = sluice::config::load_text(text, "fuzz", sluice::origin::store_kinds(), options);
    if (const auto* faults = std::get_if<std::vector<sluice::config::diagnostic>>(&loaded)) {
        for (const auto& f : *faults) {
            const auto line = sluice::config::to_string(f);
            if (f.message.empty() || sluice::config::has_control(line) || !sluice::is_utf8(line)) {
                std::abort();
            }
        }
        return faults->empty() ? (std::abort(), 0) : 0;
    }
    if (sluice::config::redacted_json(std::get<sluice::config::config>(loaded)).empty()) {
        std::abort();
    }
    return 0;
}
