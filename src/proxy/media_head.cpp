#include <sluice/http/conditional.hpp>
#include <sluice/http/date.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/http/status.hpp>
#include <sluice/proxy/cors.hpp>
#include <sluice/proxy/media_head.hpp>

#include <boost/url/encode.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace sluice::proxy {

namespace {

void append_number(std::string& out, std::uint64_t n) {
    std::array<char, 20> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), n).ptr;
    out.append(text.data(), end);
}

void append_line(std::string& out, std::string_view name, std::string_view value) {
    if (!value.empty()) {
        (void)http::append_field(out, name, value); // what a store says that is no field value is left out
    }
}

bool starts_with_type(std::string_view type, std::string_view prefix) {
    return type.size() >= prefix.size() && http::same_name(type.substr(0, prefix.size()), prefix);
}

constexpr auto names_type = [](std::string_view name) { return http::same_name(name, "Content-Type"); };

bool is_said_by(const media_route& route, std::string_view name) {
    return std::ranges::any_of(route.settings.headers,
                               [name](const auto& said) { return http::same_name(said.first, name); });
}

/// Appends those lines whose field's name is not left out.
template <class LeftOut>
void append_unless(std::string& out, std::string_view lines, LeftOut is_left_out) {
    while (!lines.empty()) {
        const auto line = lines.substr(0, lines.find("\r\n") + 2);
        if (!is_left_out(line.substr(0, line.find(':')))) {
            out += line;
        }
        lines.remove_prefix(line.size());
    }
}

std::uint64_t content_length(const plan& p, const representation& r) {
    if (p.several) {
        return p.several->content_length();
    }
    return p.status == 206 ? p.bytes.length() : p.status == 200 ? r.size : 0;
}

/// attr-char of RFC 8187 §3.2.1.
constexpr auto is_attr_char = [](char c) {
    return http::is_digit(c) || (http::ascii_lower(c) >= 'a' && http::ascii_lower(c) <= 'z') ||
           std::string_view("!#$&+-.^_`|~").find(c) != std::string_view::npos;
};
struct attr_chars {
    constexpr bool operator()(char c) const noexcept { return is_attr_char(c); }
};

/// RFC 6266 §4.3: a type that a browser would run as a page of the app's own is never shown in place.
std::string disposition_of(std::string_view filename, std::string_view content_type) {
    std::string value = is_inline_type(content_type) ? "inline" : "attachment";
    value += "; filename*=UTF-8''";
    value += boost::urls::encode({filename.data(), filename.size()}, attr_chars{});
    return value;
}

/// The disposition where no field of the route or the app says it: the type decides, so that what a browser would run
/// as a page is never shown in place. "": none.
std::string own_disposition(const media_request& m, std::string_view type) {
    const grant* given = m.given.get();
    if (given != nullptr && given->says_disposition) {
        return given->content_disposition;
    }
    if (given != nullptr && !given->filename.empty()) {
        return disposition_of(given->filename, type);
    }
    return is_inline_type(type) ? "" : "attachment";
}

void append_disposition(std::string& out, const media_request& m, std::string_view type) {
    if (!m.route.says_disposition && !(m.given && m.given->fields.says_disposition)) {
        append_line(out, "Content-Disposition", own_disposition(m, type));
    }
}

void append_cache_status(std::string& out, const media_request& m) {
    using metrics::outcome;
    out += "Cache-Status: sluice";
    switch (m.x.outcome) {
    case outcome::hit:
        out += "; hit";
        break;
    case outcome::partial:
        out += "; fwd=partial";
        break;
    case outcome::stale:
    case outcome::revalidated:
        out += "; fwd=stale";
        break;
    case outcome::bypass:
        out += "; fwd=bypass";
        break;
    default:
        out += "; fwd=miss";
        break;
    }
    if (m.origin_status != 0) {
        out += "; fwd-status=";
        append_number(out, m.origin_status);
    }
    out += m.stored ? "; stored" : "";
    out += m.collapsed ? "; collapsed" : "";
    if (!m.x.detail.empty()) {
        out += "; detail=";
        out += m.x.detail;
    }
    out += "\r\n";
}

void append_server_timing(std::string& out, const media_request& m) {
    const auto part = [&out](std::string_view name, steady_clock::duration d, bool first) {
        out += first ? "Server-Timing: " : ", ";
        out += name;
        out += ";dur=";
        std::array<char, 32> text{};
        const double ms = std::chrono::duration<double, std::milli>(d).count();
        const auto end = std::to_chars(text.data(), text.data() + text.size(), ms, std::chars_format::fixed, 3).ptr;
        out.append(text.data(), end);
    };
    const auto all = steady_clock::now() - m.x.started;
    part("authorize", m.authorize_time, true);
    part("origin", m.origin_time, false);
    part("cache", all - m.authorize_time - m.origin_time, false);
    out += "\r\n";
}

void append_connection(std::string& out, const media_request& m) {
    if (!m.x.keep_alive) {
        out += "Connection: close\r\n";
    } else if (m.x.request.version == 10) {
        out += "Connection: keep-alive\r\n";
    }
}

/// Fields of the app's that its redirect has as well: who may read it, and the session's cookies.
bool is_of_any_answer(std::string_view name) {
    constexpr std::string_view cors = "access-control-";
    return http::same_name(name, "Set-Cookie") || http::same_name(name, "Vary") || starts_with_type(name, cors);
}

/// The value of the first field of that name; "" where there is none.
std::string_view value_in(std::string_view lines, std::string_view name) {
    while (!lines.empty()) {
        const auto line = lines.substr(0, lines.find("\r\n"));
        const auto colon = line.find(':');
        if (http::same_name(line.substr(0, colon), name)) {
            return http::trim_ows(line.substr(colon + 1));
        }
        lines.remove_prefix(line.size() + 2);
    }
    return {};
}

/// What the route, or else the app, says in the field `name`; "": neither says it.
std::string_view said(const media_request& m, std::string_view name) {
    for (const auto& [each, value] : m.route.settings.headers) {
        if (http::same_name(each, name)) {
            return value;
        }
    }
    return m.given ? value_in(m.given->fields.lines, name) : std::string_view();
}

/// The media type as the route says it, or the app; "": only the store knows.
std::string_view said_type(const media_request& m) {
    const auto type = said(m, "Content-Type");
    return type.empty() && m.given ? std::string_view(m.given->content_type) : type;
}

/// The media type of what is sent: the route says it, or the app, or the store.
std::string_view type_of(const media_request& m, const representation& r) {
    const auto type = said_type(m);
    if (!type.empty()) {
        return type;
    }
    return r.content_type.empty() ? std::string_view("application/octet-stream") : r.content_type;
}

/// Several ranges, or what they come to. False where the whole is to be sent instead.
bool plan_several(const media_request& m, const representation& r, plan& p) {
    auto parts = http::resolve_ranges(m.ranges, r.size);
    if (!parts) {
        p.status = parts.error().code == errc::range_not_satisfiable ? 416 : 200;
        return p.status == 416;
    }
    p.status = 206;
    p.has_body = true;
    p.bytes = parts.value().front();
    if (parts.value().size() > 1) {
        p.several = multipart{std::move(parts.value()), make_boundary(), std::string(type_of(m, r)), r.size};
    }
    return true;
}

http::validators validators_of(const representation& r, const http::field_list& fields) {
    // Reading the date costs a third of a small hit's instructions: only where a field compares it.
    const bool dated = fields.find("If-Modified-Since") != nullptr || fields.find("If-Unmodified-Since") != nullptr ||
                       fields.find("If-Range") != nullptr;
    return {r.etag, dated ? http::parse_http_date(r.last_modified) : std::nullopt};
}

} // namespace

void take_ranges(media_request& m) {
    const auto& fields = m.x.request.fields;
    const auto* field = fields.find("Range");
    if (field == nullptr || fields.count("Range") != 1) {
        return;
    }
    auto specs = http::parse_range_spec(field->value);
    if (specs && specs.value().size() == 1) {
        m.range = specs.value().front();
    } else if (specs) {
        m.ranges = std::move(specs.value());
    }
}

plan make_plan(const media_request& m, const representation& r) {
    plan p;
    const auto& fields = m.x.request.fields;
    const auto known = validators_of(r, fields);
    switch (http::evaluate_preconditions(fields, known)) {
    case http::precondition::not_modified:
        p.status = 304;
        return p;
    case http::precondition::failed:
        p.status = 412;
        return p;
    case http::precondition::proceed:
        break;
    }
    // Range is defined for GET alone (RFC 9110 §14.2).
    const bool ranged = (m.range || !m.ranges.empty()) && !m.head_only &&
                        http::if_range_holds(fields, known, std::chrono::floor<std::chrono::seconds>(r.told));
    if (ranged && m.range) {
        const auto bytes = m.range->resolve(r.size);
        p.status = bytes ? 206 : 416;
        p.bytes = bytes.value_or(http::byte_range{});
        p.has_body = bytes.has_value();
        return p;
    }
    if (ranged && plan_several(m, r, p)) {
        return p;
    }
    p.has_body = !m.head_only && r.size > 0;
    p.bytes = {0, r.size > 0 ? r.size - 1 : 0};
    return p;
}

sign::presign_options redirect_options(const media_request& m) {
    sign::presign_options options;
    options.expires =
        std::min(longest_redirect, std::chrono::duration_cast<std::chrono::seconds>(m.store.settings().url_expiry));
    options.response_content_type = said_type(m);
    options.response_content_disposition = said(m, "Content-Disposition");
    if (options.response_content_disposition.empty()) {
        options.response_content_disposition = own_disposition(m, options.response_content_type);
    }
    return options;
}

bool append_redirect_head(std::string& out, media_request& m, std::string_view location) {
    m.x.status = 307;
    out += "HTTP/1.1 307 Temporary Redirect\r\nDate: ";
    out += m.x.services.date;
    out += "\r\n";
    const bool whole = http::append_field(out, "Location", location);
    out += "Content-Length: 0\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";
    if (m.given) { // of the app's fields those that are about this answer, not about the object
        append_unless(out, m.given->fields.lines, [](std::string_view name) { return !is_of_any_answer(name); });
    }
    out += m.set_cookie;
    if (m.route.settings.cors) {
        append_cors_fields(out, *m.route.settings.cors, m.x.request.fields.value("Origin"));
    }
    out += bypass_status("redirect");
    append_connection(out, m);
    out += "\r\n";
    return whole;
}

bool is_inline_type(std::string_view content_type) noexcept {
    // A list would be read by its last member (Fetch §2.2.3 "extract a MIME type"), which is not what is judged here.
    const auto essence = http::trim_ows(content_type.substr(0, content_type.find(';')));
    const auto slash = essence.find('/');
    if (slash == std::string_view::npos || content_type.find(',') != std::string_view::npos ||
        !http::is_token(essence.substr(0, slash)) || !http::is_token(essence.substr(slash + 1))) {
        return false;
    }
    if (http::same_name(essence, "application/pdf") || http::same_name(essence, "text/plain")) {
        return true;
    }
    const auto kind = essence.substr(0, slash);
    return (http::same_name(kind, "image") && !starts_with_type(essence, "image/svg")) ||
           http::same_name(kind, "audio") || http::same_name(kind, "video");
}

bool has_conditions(const media_request& m) noexcept {
    const auto& fields = m.x.request.fields;
    return std::ranges::any_of(
        fields.items, [](const auto& f) { return f.name.size() > 3 && http::same_name(f.name.substr(0, 3), "if-"); });
}

void append_head(std::string& out, media_request& m, const representation& r, const plan& p) {
    m.x.status = p.status;
    out += "HTTP/1.1 ";
    append_number(out, p.status);
    out += ' ';
    out += http::reason_phrase(p.status);
    out += "\r\nDate: ";
    out += m.x.services.date;
    out += "\r\n";
    const bool whole_body = p.status == 200 || p.status == 206;
    const grant* given = m.given.get();
    const std::string_view type = type_of(m, r);
    if (p.status != 304) {
        out += "Content-Length: ";
        append_number(out, content_length(p, r));
        out += "\r\n";
    }
    if (p.several) {
        append_line(out, "Content-Type", p.several->content_type());
    } else if (p.status == 206) {
        out += "Content-Range: ";
        out += http::format_content_range(p.bytes, r.size);
        out += "\r\n";
    } else if (p.status == 416) {
        out += "Content-Range: ";
        out += http::format_unsatisfied_range(r.size);
        out += "\r\n";
    }
    if (whole_body) {
        if (!p.several && !m.route.says_content_type && (given == nullptr || !given->fields.says_content_type)) {
            append_line(out, "Content-Type", type);
        }
        append_disposition(out, m, type);
        append_line(out, "Last-Modified", r.last_modified);
    }
    if (p.status != 416) {
        append_line(out, "ETag", r.etag);
    }
    out += "Accept-Ranges: bytes\r\nX-Content-Type-Options: nosniff\r\n";
    if (given != nullptr && !m.route.says_cache_control && !given->fields.says_cache_control) {
        out += "Cache-Control: private, no-cache\r\n"; // what one caller may see is no shared cache's to keep
    }
    // Whose Content-Type is in there is the object's, and stands in the parts where there are several.
    if (p.several) {
        append_unless(out, m.route.fields, names_type);
    } else {
        out += m.route.fields;
    }
    if (given != nullptr) {
        append_unless(out, given->fields.lines, [&m, &p](std::string_view name) {
            return (p.several && names_type(name)) || is_said_by(m.route, name);
        });
    }
    out += m.set_cookie;
    if (m.route.settings.cors) {
        append_cors_fields(out, *m.route.settings.cors, m.x.request.fields.value("Origin"));
    }
    append_cache_status(out, m);
    if (m.route.settings.server_timing) {
        append_server_timing(out, m);
    }
    append_connection(out, m);
    out += "\r\n";
}

std::string bypass_status(std::string_view detail) {
    return "Cache-Status: sluice; fwd=bypass; detail=" + std::string(detail) + "\r\n";
}

} // namespace sluice::proxy
