#include <sluice/authorize/authorization.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/media/media_head.hpp>
#include <sluice/session/response_head.hpp>

#include "object_fields.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace sluice::media {

namespace {

using session::append_line;
using session::append_number;
using session::append_unless;

constexpr auto names_type = [](std::string_view name) { return http::same_name(name, "Content-Type"); };

bool is_said_by(const media_route& route, std::string_view name) {
    return std::ranges::any_of(route.settings.headers,
                               [name](const auto& said) { return http::same_name(said.first, name); });
}

/// Whether the body is sent in another coding than its own.
bool is_coded(const plan& p) {
    return p.status == 200 && p.coding != http::content_coding::identity;
}

std::uint64_t content_length(const plan& p, const representation& r) {
    if (p.several) {
        return p.several->content_length();
    }
    return p.status == 206 ? p.bytes.length() : p.status == 200 ? r.size : 0;
}

void append_disposition(std::string& out, const media_request& m, std::string_view type) {
    if (!m.route.says_disposition && !(m.given && m.given->fields.says_disposition)) {
        session::append_line(out, "Content-Disposition", detail::own_disposition(m, type));
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
    case outcome::local: // neither stored here nor asked for elsewhere (RFC 9211 §2.1, §2.2): detail tells
        break;
    default:
        out += "; fwd=miss";
        break;
    }
    if (m.origin_status != 0) {
        out += "; fwd-status=";
        session::append_number(out, m.origin_status);
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

/// What the message's framing and range are (RFC 9110 §8.6, §14.4).
void append_extent(std::string& out, const media_request& m, const representation& r, const plan& p) {
    if (is_coded(p)) {
        session::append_line(out, "Content-Encoding", http::to_string(p.coding));
        out += m.head_only ? "" : "Transfer-Encoding: chunked\r\n"; // its length shows when it has ended
    } else if (p.status != 304) {
        out += "Content-Length: ";
        session::append_number(out, content_length(p, r));
        out += "\r\n";
    }
    if (p.several) {
        session::append_line(out, "Content-Type", p.several->content_type());
    } else if (p.status == 206) {
        session::append_line(out, "Content-Range", http::format_content_range(p.bytes, r.size));
    } else if (p.status == 416) {
        session::append_line(out, "Content-Range", http::format_unsatisfied_range(r.size));
    }
}

/// The object's ETag. What is coded on the fly is the same content, but not always the same bytes: its tag is weak
/// (RFC 9110 §8.8.1), and so that of a 304 about it.
void append_validator(std::string& out, const representation& r, const plan& p) {
    if (p.status == 416 || r.etag.empty()) {
        return;
    }
    if (p.coding != http::content_coding::identity && !r.etag.starts_with("W/")) {
        session::append_line(out, "ETag", "W/" + std::string(r.etag));
    } else {
        session::append_line(out, "ETag", r.etag);
    }
}

/// Whether the route or the app say already that the answer varies by Accept-Encoding.
bool says_varying(const media_request& m) {
    bool says = false;
    detail::each_said(m, "Vary", [&says](std::string_view value) {
        says = says || http::list_contains(value, "*") || http::list_contains(value, "Accept-Encoding");
    });
    return says;
}

/// What the route and the app say. A Content-Type among it is the object's, and stands in the parts where there are
/// several.
void append_given(std::string& out, const media_request& m, bool several) {
    if (several) {
        session::append_unless(out, m.route.fields, names_type);
    } else {
        out += m.route.fields;
    }
    if (m.given) {
        session::append_unless(out, m.given->fields.lines, [&m, several](std::string_view name) {
            return (several && names_type(name)) || is_said_by(m.route, name);
        });
    }
}

} // namespace

void append_head(std::string& out, media_request& m, const representation& r, const plan& p) {
    session::begin_head(out, m.x, p.status);
    append_extent(out, m, r, p);
    const authorize::authorization* given = m.given.get();
    if (p.status == 200 || p.status == 206) {
        const std::string_view type = detail::type_of(m, r);
        if (!p.several && !m.route.says_content_type && (given == nullptr || !given->fields.says_content_type)) {
            session::append_line(out, "Content-Type", type);
        }
        append_disposition(out, m, type);
        session::append_line(out, "Last-Modified", r.last_modified);
    }
    append_validator(out, r, p);
    // Ranges are of the object as it is: not of what comes with this head, where that is coded.
    out += is_coded(p) ? "" : "Accept-Ranges: bytes\r\n";
    out += "X-Content-Type-Options: nosniff\r\n";
    if (given != nullptr && !m.route.says_cache_control && !given->fields.says_cache_control) {
        out += "Cache-Control: private, no-cache\r\n"; // what one caller may see is no shared cache's to keep
    }
    append_given(out, m, p.several.has_value());
    if (p.varies && !says_varying(m)) {
        out += "Vary: Accept-Encoding\r\n";
    }
    detail::append_access(out, m);
    append_cache_status(out, m);
    if (m.route.settings.server_timing) {
        append_server_timing(out, m);
    }
    session::end_head(out, m.x);
}

std::string bypass_status(std::string_view detail) {
    return "Cache-Status: sluice; fwd=bypass; detail=" + std::string(detail) + "\r\n";
}

} // namespace sluice::media
