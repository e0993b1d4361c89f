#include <sluice/http/conditional.hpp>
#include <sluice/http/date.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/http/status.hpp>
#include <sluice/proxy/cors.hpp>
#include <sluice/proxy/media_head.hpp>

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

/// The app's fields but those that the route sets itself.
void append_unless_said(std::string& out, std::string_view lines,
                        const std::vector<std::pair<std::string, std::string>>& said) {
    if (said.empty()) {
        out += lines;
        return;
    }
    while (!lines.empty()) {
        const auto line = lines.substr(0, lines.find("\r\n") + 2);
        const auto name = line.substr(0, line.find(':'));
        if (std::none_of(said.begin(), said.end(), [name](const auto& s) { return http::same_name(s.first, name); })) {
            out += line;
        }
        lines.remove_prefix(line.size());
    }
}

/// Who says it first: the route, the app, else the type: what a browser would run as a page is never shown in place.
void append_disposition(std::string& out, const media_request& m, std::string_view type) {
    const grant* given = m.given.get();
    if (m.route.says_disposition || (given != nullptr && given->fields.says_disposition)) {
        return;
    }
    if (given != nullptr && given->says_disposition) {
        append_line(out, "Content-Disposition", given->content_disposition);
    } else if (!is_inline_type(type)) {
        out += "Content-Disposition: attachment\r\n";
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

http::validators validators_of(const representation& r, const http::field_list& fields) {
    // Reading the date costs a third of a small hit's instructions: only where a field compares it.
    const bool dated = fields.find("If-Modified-Since") != nullptr || fields.find("If-Unmodified-Since") != nullptr ||
                       fields.find("If-Range") != nullptr;
    return {r.etag, dated ? http::parse_http_date(r.last_modified) : std::nullopt};
}

} // namespace

std::optional<http::range_spec> wanted_range(const http::field_list& fields) {
    const auto* field = fields.find("Range");
    if (field == nullptr || fields.count("Range") != 1) {
        return std::nullopt;
    }
    const auto specs = http::parse_range_spec(field->value);
    if (!specs || specs.value().size() != 1) {
        return std::nullopt;
    }
    return specs.value().front();
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
    const bool ranged = m.range && !m.head_only &&
                        http::if_range_holds(fields, known, std::chrono::floor<std::chrono::seconds>(r.told));
    if (ranged) {
        const auto bytes = m.range->resolve(r.size);
        p.status = bytes ? 206 : 416;
        p.bytes = bytes.value_or(http::byte_range{});
        p.has_body = bytes.has_value();
        return p;
    }
    p.has_body = !m.head_only && r.size > 0;
    p.bytes = {0, r.size > 0 ? r.size - 1 : 0};
    return p;
}

bool is_inline_type(std::string_view type) noexcept {
    constexpr std::string_view svg = "image/svg";
    for (const std::string_view prefix : {"image/", "audio/", "video/", "application/pdf", "text/plain"}) {
        if (starts_with_type(type, prefix)) {
            return !starts_with_type(type, svg);
        }
    }
    return false;
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
    const std::string_view named =
        given != nullptr && !given->content_type.empty() ? given->content_type : r.content_type;
    const std::string_view type = named.empty() ? "application/octet-stream" : named;
    if (p.status != 304) {
        out += "Content-Length: ";
        append_number(out, p.status == 206 ? p.bytes.length() : p.status == 200 ? r.size : 0);
        out += "\r\n";
    }
    if (p.status == 206) {
        out += "Content-Range: ";
        out += http::format_content_range(p.bytes, r.size);
        out += "\r\n";
    } else if (p.status == 416) {
        out += "Content-Range: ";
        out += http::format_unsatisfied_range(r.size);
        out += "\r\n";
    }
    if (whole_body) {
        if (!m.route.says_content_type && (given == nullptr || !given->fields.says_content_type)) {
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
    out += m.route.fields;
    if (given != nullptr) {
        append_unless_said(out, given->fields.lines, m.route.settings.headers);
    }
    out += m.set_cookie;
    if (m.route.settings.cors) {
        append_cors_fields(out, *m.route.settings.cors, m.x.request.fields.value("Origin"));
    }
    append_cache_status(out, m);
    if (m.route.settings.server_timing) {
        append_server_timing(out, m);
    }
    if (!m.x.keep_alive) {
        out += "Connection: close\r\n";
    } else if (m.x.request.version == 10) {
        out += "Connection: keep-alive\r\n";
    }
    out += "\r\n";
}

std::string bypass_status(std::string_view detail) {
    return "Cache-Status: sluice; fwd=bypass; detail=" + std::string(detail) + "\r\n";
}

} // namespace sluice::proxy
