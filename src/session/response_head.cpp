#include <sluice/base/text.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/http/status.hpp>
#include <sluice/session/response_head.hpp>

namespace sluice::session {

response_head::response_head(std::string& out, unsigned status, std::string_view reason)
    : out_(out) {
    out_ += "HTTP/1.1 ";
    append_number(out_, status);
    out_ += ' ';
    out_ += reason;
    out_ += "\r\n";
}

response_head::response_head(std::string& out, exchange& x, unsigned status)
    : response_head(out, status, http::reason_phrase(status)) {
    x.status = status;
    add_date(x);
}

void response_head::add_date(const exchange& x) {
    append("Date", x.worker.date);
}

bool response_head::add(field_name name, std::string_view value) {
    if (!http::is_field_value(value)) {
        return false;
    }
    append(name.text, value);
    return true;
}

void response_head::add(field_name name, std::uint64_t value) {
    out_.append(name.text).append(": ");
    append_number(out_, value);
    out_.append("\r\n");
}

bool response_head::add(const http::field_view& field) {
    return http::append_field(out_, field.name, field.value);
}

void response_head::end(const exchange& x) {
    if (!x.keep_alive) {
        add_constant("Connection", "close");
    } else if (x.request.version < 11) {
        add_constant("Connection", "keep-alive");
    }
    end();
}

} // namespace sluice::session
