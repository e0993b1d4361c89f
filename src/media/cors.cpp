#include <sluice/http/fields.hpp>
#include <sluice/media/cors.hpp>

#include <algorithm>
#include <array>
#include <chrono>

namespace sluice::media {

namespace {

constexpr std::size_t max_requested = 20;

/// What a player reads of a response, beyond what Fetch exposes to every script (CORS-safelisted response-header
/// names).
constexpr std::array<std::string_view, 4> always_exposed{"Content-Range", "Accept-Ranges", "ETag", "Content-Length"};

/// By bytes: a browser sends its origin serialized (RFC 6454 §6.2), as the configuration has it.
bool allowed(const config::cors& c, std::string_view origin) {
    return !origin.empty() && (c.any_origin || std::ranges::find(c.origins, origin) != c.origins.end());
}

/// Anything that fields are added to: a list, or a head that is being written.
template <class Fields>
void add_vary(Fields& out, const config::cors& c) {
    if (!c.any_origin) {
        out.add("Vary", std::string_view("Origin"));
    }
}

template <class Fields>
void add_allowed_origin(Fields& out, const config::cors& c, std::string_view origin) {
    out.add("Access-Control-Allow-Origin", c.any_origin ? std::string_view("*") : origin);
    if (c.credentials) {
        out.add("Access-Control-Allow-Credentials", std::string_view("true"));
    }
}

/// What scripts of an allowed origin may read of a response.
std::string exposed_fields(const config::cors& c) {
    std::string exposed;
    for (const auto name : always_exposed) {
        exposed.append(exposed.empty() ? "" : ", ").append(name);
    }
    for (const auto& name : c.expose_headers) {
        const auto same = [&name](std::string_view other) { return http::same_name(name, other); };
        if (std::ranges::none_of(always_exposed, same)) {
            exposed.append(", ").append(name);
        }
    }
    return exposed;
}

template <class Fields>
void add_response_fields(Fields& out, const config::cors& c, std::string_view origin) {
    if (allowed(c, origin)) {
        add_allowed_origin(out, c, origin);
        out.add("Access-Control-Expose-Headers", std::string_view(exposed_fields(c)));
    }
    add_vary(out, c);
}

/// The fields that a preflight asks for, as one list; nullopt where there are too many, or one is no field name.
std::optional<std::string> requested_fields(const http::field_list& fields) {
    std::string all;
    std::size_t count = 0;
    for (const auto& f : fields.items) {
        if (!http::same_name(f.name, "Access-Control-Request-Headers")) {
            continue;
        }
        auto rest = f.value;
        while (const auto name = http::next_list_member(rest)) {
            if (++count > max_requested || !http::is_token(*name)) {
                return std::nullopt;
            }
            all.append(all.empty() ? "" : ", ").append(*name);
        }
    }
    return all;
}

} // namespace

std::optional<http::header_list> preflight_response_fields(const config::cors& c, std::string_view method,
                                                           const http::field_list& fields) {
    constexpr std::string_view requested_method = "Access-Control-Request-Method";
    if (method != "OPTIONS" || fields.count("Origin") != 1 || fields.count(requested_method) != 1) {
        return std::nullopt;
    }
    const auto wanted = fields.value(requested_method);
    if (wanted != "GET" && wanted != "HEAD") {
        return std::nullopt;
    }
    http::header_list out;
    const auto origin = fields.value("Origin");
    const auto requested = requested_fields(fields);
    if (allowed(c, origin) && requested) {
        add_allowed_origin(out, c, origin);
        out.add("Access-Control-Allow-Methods", "GET, HEAD");
        if (!requested->empty()) {
            out.add("Access-Control-Allow-Headers", *requested);
        }
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(c.max_age).count();
        out.add("Access-Control-Max-Age", std::to_string(seconds));
    }
    add_vary(out, c);
    return out;
}

void add_cors_fields(session::response_head& head, const config::cors& c, std::string_view origin) {
    add_response_fields(head, c, origin);
}

void add_cors_fields(http::header_list& fields, const config::cors& c, std::string_view origin) {
    add_response_fields(fields, c, origin);
}

} // namespace sluice::media
