#include <sluice/http/fields.hpp>
#include <sluice/media/cors.hpp>

#include <algorithm>
#include <array>
#include <chrono>

namespace sluice::media {

namespace {

constexpr std::size_t most_asked = 20;

/// What a player reads of an answer, beyond what Fetch exposes to every script (CORS-safelisted response-header names).
constexpr std::array<std::string_view, 4> always_exposed{"Content-Range", "Accept-Ranges", "ETag", "Content-Length"};

/// By bytes: a browser sends its origin serialized (RFC 6454 §6.2), as the configuration has it.
bool allowed(const config::cors& c, std::string_view origin) {
    return !origin.empty() && (c.any_origin || std::ranges::find(c.origins, origin) != c.origins.end());
}

void append_vary(std::string& out, const config::cors& c) {
    if (!c.any_origin) {
        out += "Vary: Origin\r\n";
    }
}

void append_allowed_origin(std::string& out, const config::cors& c, std::string_view origin) {
    (void)http::append_field(out, "Access-Control-Allow-Origin", c.any_origin ? "*" : origin);
    if (c.credentials) {
        out += "Access-Control-Allow-Credentials: true\r\n";
    }
}

/// The fields that a preflight asks for, as one list; nullopt where there are too many, or one is no field name.
std::optional<std::string> asked_fields(const http::field_list& fields) {
    std::string all;
    std::size_t count = 0;
    for (const auto& f : fields.items) {
        if (!http::same_name(f.name, "Access-Control-Request-Headers")) {
            continue;
        }
        auto rest = f.value;
        while (const auto name = http::next_list_member(rest)) {
            if (++count > most_asked || !http::is_token(*name)) {
                return std::nullopt;
            }
            all.append(all.empty() ? "" : ", ").append(*name);
        }
    }
    return all;
}

} // namespace

std::optional<std::string> preflight_answer_fields(const config::cors& c, std::string_view method,
                                                   const http::field_list& fields) {
    constexpr std::string_view asked_method = "Access-Control-Request-Method";
    if (method != "OPTIONS" || fields.count("Origin") != 1 || fields.count(asked_method) != 1) {
        return std::nullopt;
    }
    const auto wanted = fields.value(asked_method);
    if (wanted != "GET" && wanted != "HEAD") {
        return std::nullopt;
    }
    std::string out;
    const auto origin = fields.value("Origin");
    const auto asked = asked_fields(fields);
    if (allowed(c, origin) && asked) {
        append_allowed_origin(out, c, origin);
        out += "Access-Control-Allow-Methods: GET, HEAD\r\n";
        if (!asked->empty()) {
            (void)http::append_field(out, "Access-Control-Allow-Headers", *asked);
        }
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(c.max_age).count();
        out += "Access-Control-Max-Age: " + std::to_string(seconds) + "\r\n";
    }
    append_vary(out, c);
    return out;
}

void append_cors_fields(std::string& out, const config::cors& c, std::string_view origin) {
    if (allowed(c, origin)) {
        append_allowed_origin(out, c, origin);
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
        (void)http::append_field(out, "Access-Control-Expose-Headers", exposed);
    }
    append_vary(out, c);
}

} // namespace sluice::media
