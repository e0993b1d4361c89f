#include <sluice/authorize/app_headers.hpp>
#include <sluice/http/fields.hpp>

#include <algorithm>
#include <array>
#include <string_view>

namespace sluice::authorize {

namespace {

/// What an app's middleware adds to every response, whatever the resource.
constexpr std::array<std::string_view, 13> middleware_names{"Vary",
                                                            "Strict-Transport-Security",
                                                            "Content-Security-Policy",
                                                            "Content-Security-Policy-Report-Only",
                                                            "Permissions-Policy",
                                                            "Referrer-Policy",
                                                            "X-Frame-Options",
                                                            "X-XSS-Protection",
                                                            "X-Permitted-Cross-Domain-Policies",
                                                            "X-Download-Options",
                                                            "Reporting-Endpoints",
                                                            "NEL",
                                                            "Report-To"};

/// What describes the bytes of the response that it came with, or is written by Sluice itself.
constexpr std::array<std::string_view, 13> replaced_names{
    "Content-Length",        "Content-Range", "Content-Encoding", "Content-MD5",   "Digest", "Content-Digest",
    "Repr-Digest",           "ETag",          "Last-Modified",    "Accept-Ranges", "Date",   "Age",
    "X-Content-Type-Options"};

bool starts_with_name(std::string_view name, std::string_view prefix) {
    return name.size() >= prefix.size() && http::same_name(name.substr(0, prefix.size()), prefix);
}

template <class Names>
bool contains_name(const Names& names, std::string_view name) {
    return std::ranges::any_of(names, [name](std::string_view other) { return http::same_name(name, other); });
}

bool is_cors(std::string_view name) {
    return starts_with_name(name, "Access-Control-");
}

/// True where it lets a shared cache store the response (RFC 9111 §5.2.2.9, §5.2.2.10).
bool allows_shared_caches(std::string_view cache_control) {
    while (const auto directive = http::next_list_member(cache_control)) {
        const auto name = http::trim_ows(directive->substr(0, directive->find('=')));
        if (http::same_name(name, "public") || http::same_name(name, "s-maxage")) {
            return true;
        }
    }
    return false;
}

/// The names in `Vary` but Accept-Encoding: the app compresses its own response, and says nothing of the object's
/// bytes.
std::string vary_of_object(std::string_view names) {
    std::string kept;
    while (const auto name = http::next_list_member(names)) {
        if (!http::same_name(*name, "Accept-Encoding")) {
            kept.append(kept.empty() ? "" : ", ").append(*name);
        }
    }
    return kept;
}

void add_cache_control(http::header_list& out, const http::field_list& response, const http::hop_by_hop& hop) {
    http::header_list own;
    bool for_all = false;
    for (const auto& f : response.items) {
        if (http::same_name(f.name, "Cache-Control") && !hop.strips(f.name) && own.add(f.name, f.value)) {
            for_all = for_all || allows_shared_caches(f.value);
        }
    }
    if (for_all) {
        out.add("Cache-Control", "private, no-cache");
    } else {
        out.add(own);
    }
}

} // namespace

http::header_list allowed_app_headers(const http::field_list& response, bool cors_configured) {
    http::header_list out;
    const http::hop_by_hop hop(response);
    for (const auto& f : response.items) {
        const bool wanted = contains_name(middleware_names, f.name) || starts_with_name(f.name, "Cross-Origin-") ||
                            (is_cors(f.name) && !cors_configured);
        if (!wanted || hop.strips(f.name)) {
            continue;
        }
        if (!http::same_name(f.name, "Vary")) {
            out.add(f.name, f.value);
        } else if (const auto vary = vary_of_object(f.value); !vary.empty()) {
            out.add("Vary", vary);
        }
    }
    add_cache_control(out, response, hop);
    out.shrink_to_fit(); // it may be kept for a while
    return out;
}

http::header_list set_cookie_headers(const http::field_list& response) {
    http::header_list out;
    for (const auto& f : response.items) {
        if (http::same_name(f.name, "Set-Cookie")) {
            out.add(f.name, f.value);
        }
    }
    return out;
}

http::header_list object_response_headers(const http::field_list& response, std::span<const std::string> object_headers,
                                          bool cors_configured) {
    http::header_list out;
    const http::hop_by_hop hop(response);
    for (const auto& f : response.items) {
        if (!hop.strips(f.name) && !contains_name(replaced_names, f.name) && !http::is_one_of(object_headers, f.name) &&
            !(cors_configured && is_cors(f.name))) {
            out.add(f.name, f.value);
        }
    }
    return out;
}

} // namespace sluice::authorize
