#include <sluice/authorize/authorization.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/media/cors.hpp>
#include <sluice/media/media_head.hpp>
#include <sluice/session/response_head.hpp>

#include "object_fields.hpp"

#include <array>
#include <charconv>

namespace sluice::media {

namespace {

using session::response_head;

/// Whether the route, or the app with what it allowed, has a field of that name.
bool is_overridden(const media_request& m, std::string_view name) {
    return m.route.fields.contains(name) || (m.authorization && m.authorization->fields.contains(name));
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

/// How this request was served, as RFC 9211 §2 has it.
std::string_view cache_status(metrics::outcome served) {
    using metrics::outcome;
    switch (served) {
    case outcome::hit:
        return "sluice; hit";
    case outcome::partial:
        return "sluice; fwd=partial";
    case outcome::stale:
    case outcome::revalidated:
        return "sluice; fwd=stale";
    case outcome::bypass:
        return "sluice; fwd=bypass";
    case outcome::local: // neither stored here nor asked for elsewhere (RFC 9211 §2.1, §2.2): detail tells
        return "sluice";
    default:
        return "sluice; fwd=miss";
    }
}

void append_cache_status(std::string& value, const media_request& m) {
    if (m.ttl && !m.fetched) { // stale, but nothing was asked on its account (RFC 9211 §2.1, §2.4)
        value += cache_status(metrics::outcome::hit);
        value += "; ttl=";
        value += std::to_string(m.ttl->count());
    } else {
        value += cache_status(m.x.outcome);
    }
    if (m.origin_status != 0) {
        value += "; fwd-status=";
        append_number(value, m.origin_status);
    }
    value += m.stored ? "; stored" : "";
    value += m.collapsed ? "; collapsed" : "";
    if (!m.x.detail.empty()) {
        value += "; detail=";
        value += m.x.detail;
    }
}

/// A metric of Server-Timing, in milliseconds.
void append_timing(std::string& value, std::string_view name, steady_clock::duration d) {
    value += name;
    value += ";dur=";
    std::array<char, 32> text{};
    const double ms = std::chrono::duration<double, std::milli>(d).count();
    const auto end = std::to_chars(text.data(), text.data() + text.size(), ms, std::chars_format::fixed, 3).ptr;
    value.append(text.data(), end);
}

void append_server_timing(std::string& value, const media_request& m) {
    const auto total = steady_clock::now() - m.x.started;
    append_timing(value, "authorize", m.x.authorize_time);
    append_timing(value, ", origin", m.x.origin_time);
    append_timing(value, ", cache", total - m.x.authorize_time - m.x.origin_time);
}

/// What the message's framing and range are (RFC 9110 §8.6, §14.4).
void add_extent(response_head& head, const media_request& m, const representation& r, const plan& p) {
    if (is_coded(p)) {
        head.add("Content-Encoding", http::to_string(p.coding));
        if (!m.head_only) {
            head.add_constant("Transfer-Encoding", "chunked"); // its length is known when it has ended
        }
    } else if (p.status != 304) {
        head.add("Content-Length", content_length(p, r));
    }
    if (p.several) {
        head.add("Content-Type", p.several->content_type());
    } else if (p.status == 206) {
        head.add("Content-Range", [&](std::string& value) { http::append_content_range(value, p.bytes, r.size); });
    } else if (p.status == 416) {
        head.add("Content-Range", http::format_unsatisfied_range(r.size));
    }
}

/// What the object is, where neither the route nor the app says it.
void add_description(response_head& head, const media_request& m, const representation& r, const plan& p) {
    const std::string_view type = detail::type_of(m, r);
    const bool isolated = detail::is_isolated(m, r);
    if (!p.several && (isolated || !is_overridden(m, "Content-Type"))) {
        head.add("Content-Type", type);
    }
    if (isolated) {
        head.add("Content-Disposition", detail::isolated_disposition(m));
    } else if (!is_overridden(m, "Content-Disposition")) {
        if (const auto disposition = detail::own_disposition(m, type); !disposition.empty()) {
            head.add("Content-Disposition", disposition);
        }
    }
    if (!r.last_modified.empty()) {
        head.add("Last-Modified", r.last_modified);
    }
}

/// The object's ETag. What is coded on the fly is the same content, but not always the same bytes: its tag is weak
/// (RFC 9110 §8.8.1), and so is that of a 304 about it.
void add_validator(response_head& head, const representation& r, const plan& p) {
    if (p.status == 416 || r.etag.empty()) {
        return;
    }
    if (p.coding != http::content_coding::identity && !r.etag.starts_with("W/")) {
        head.add("ETag", "W/" + std::string(r.etag));
    } else {
        head.add("ETag", r.etag);
    }
}

/// Whether the route or the app says already that the response varies by Accept-Encoding.
bool varies_already(const media_request& m) {
    bool says = false;
    detail::for_each_override(m, "Vary", [&says](std::string_view value) {
        says = says || http::list_contains(value, "*") || http::list_contains(value, "Accept-Encoding");
    });
    return says;
}

/// The route's fields, and of the app's those that the route does not set. A Content-Type among them is the object's,
/// and stands in the parts where there are several.
void add_overrides(response_head& head, const media_request& m, bool several) {
    const auto stays = [several](std::string_view name) { return !several || !http::same_name(name, "Content-Type"); };
    head.add_if(m.route.fields, stays);
    if (m.authorization && m.route.fields.empty() && !several) {
        head.add(m.authorization->fields);
    } else if (m.authorization) {
        head.add_if(m.authorization->fields,
                    [&m, stays](std::string_view name) { return stays(name) && !m.route.fields.contains(name); });
    }
}

/// The same without what is said of it otherwise, and with a policy for what is isolated: no page of the app's origin.
void add_isolated_overrides(response_head& head, const media_request& m) {
    const auto stays = [](std::string_view name) {
        return !http::same_name(name, "Content-Type") && !http::same_name(name, "Content-Disposition") &&
               !http::same_name(name, "Content-Security-Policy");
    };
    head.add_if(m.route.fields, stays);
    if (m.authorization) {
        head.add_if(m.authorization->fields,
                    [&m, stays](std::string_view name) { return stays(name) && !m.route.fields.contains(name); });
    }
    head.add_constant("Content-Security-Policy", "sandbox");
}

/// Responses above this are not to be buffered by a proxy in front: nginx takes all of it from here as fast as it
/// comes, however little of it the client reads, and so has fetched what nobody wanted.
constexpr std::uint64_t max_buffered = std::uint64_t{1} << 20U;

bool is_large(const plan& p, const representation& r) {
    return (p.status == 200 || p.status == 206) && content_length(p, r) > max_buffered;
}

} // namespace

void append_head(std::string& out, media_request& m, const representation& r, const plan& p) {
    response_head head(out, m.x, p.status);
    add_extent(head, m, r, p);
    if (p.status == 200 || p.status == 206) {
        add_description(head, m, r, p);
    }
    add_validator(head, r, p);
    if (!is_coded(p)) { // ranges are of the object as it is
        head.add_constant("Accept-Ranges", "bytes");
    }
    head.add_constant("X-Content-Type-Options", "nosniff");
    if (is_large(p, r) && !is_overridden(m, "X-Accel-Buffering")) {
        head.add_constant("X-Accel-Buffering", "no");
    }
    if (m.authorization && !is_overridden(m, "Cache-Control")) {
        head.add_constant("Cache-Control", "private, no-cache"); // no shared cache may keep what one caller may see
    }
    if (detail::is_isolated(m, r)) {
        add_isolated_overrides(head, m);
    } else {
        add_overrides(head, m, p.several.has_value());
    }
    if (p.varies && !varies_already(m)) {
        head.add_constant("Vary", "Accept-Encoding");
    }
    detail::add_for_caller(head, m);
    head.add("Cache-Status", [&m](std::string& value) { append_cache_status(value, m); });
    if (m.route.settings.server_timing) {
        head.add("Server-Timing", [&m](std::string& value) { append_server_timing(value, m); });
    }
    head.end(m.x);
}

std::string bypass_status(std::string_view detail) {
    return std::string(cache_status(metrics::outcome::bypass)).append("; detail=").append(detail);
}

http::header_list bypass_fields(std::string_view detail) {
    return {{"Cache-Status", bypass_status(detail)}};
}

http::header_list failure_response_fields(const session::exchange& x, const media_route& route,
                                          std::string_view reason) {
    auto fields = bypass_fields(reason);
    if (route.settings.cors) {
        add_cors_fields(fields, *route.settings.cors, x.request.fields.value("Origin"));
    }
    return fields;
}

} // namespace sluice::media
