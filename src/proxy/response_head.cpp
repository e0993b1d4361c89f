#include <sluice/http/status.hpp>
#include <sluice/proxy/response_head.hpp>

#include "head_lines.hpp"

namespace sluice::proxy {

void append_status_line(std::string& out, unsigned status, std::string_view reason) {
    out += "HTTP/1.1 ";
    detail::append_number(out, status);
    out += ' ';
    out += reason;
    out += "\r\n";
}

void append_date(std::string& out, const exchange& x) {
    out += "Date: ";
    out += x.services.date;
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

} // namespace sluice::proxy
