#include "head_lines.hpp"

#include <sluice/proxy/cors.hpp>

#include <array>
#include <charconv>

namespace sluice::proxy::detail {

void append_number(std::string& out, std::uint64_t n) {
    std::array<char, 20> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), n).ptr;
    out.append(text.data(), end);
}

void append_line(std::string& out, std::string_view name, std::string_view value) {
    if (!value.empty()) {
        (void)http::append_field(out, name, value);
    }
}

void append_access(std::string& out, const media_request& m) {
    out += m.set_cookie;
    if (m.route.settings.cors) {
        append_cors_fields(out, *m.route.settings.cors, m.x.request.fields.value("Origin"));
    }
}

} // namespace sluice::proxy::detail
