#include "head_lines.hpp"

#include <sluice/http/status.hpp>
#include <sluice/proxy/cors.hpp>

#include <array>
#include <charconv>

namespace sluice::proxy::detail {

void append_number(std::string& out, std::uint64_t n) {
    std::array<char, 20> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), n).ptr;
    out.append(text.data(), end);
}

void append_status(std::string& out, media_request& m, unsigned status) {
    m.x.status = status;
    out += "HTTP/1.1 ";
    append_number(out, status);
    out += ' ';
    out += http::reason_phrase(status);
    out += "\r\nDate: ";
    out += m.x.services.date;
    out += "\r\n";
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

void append_connection(std::string& out, const media_request& m) {
    if (!m.x.keep_alive) {
        out += "Connection: close\r\n";
    } else if (m.x.request.version == 10) {
        out += "Connection: keep-alive\r\n";
    }
}

} // namespace sluice::proxy::detail
