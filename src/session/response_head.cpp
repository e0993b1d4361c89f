#include <sluice/http/status.hpp>
#include <sluice/session/response_head.hpp>

#include <array>
#include <charconv>

namespace sluice::session {

void append_status_line(std::string& out, unsigned status, std::string_view reason) {
    out += "HTTP/1.1 ";
    append_number(out, status);
    out += ' ';
    out += reason;
    out += "\r\n";
}

void append_date(std::string& out, const exchange& x) {
    out += "Date: ";
    out += x.worker.date;
    out += "\r\n";
}

void begin_head(std::string& out, exchange& x, unsigned status) {
    x.status = status;
    append_status_line(out, status, http::reason_phrase(status));
    append_date(out, x);
}

void end_head(std::string& out, const exchange& x) {
    if (!x.keep_alive) {
        out += "Connection: close\r\n";
    } else if (x.request.version < 11) {
        out += "Connection: keep-alive\r\n";
    }
    out += "\r\n";
}

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

} // namespace sluice::session
