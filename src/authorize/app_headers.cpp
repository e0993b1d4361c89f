#include <sluice/authorize/app_headers.hpp>
#include <sluice/http/fields.hpp>

#include <algorithm>
#include <array>
#include <string_view>

namespace sluice::authorize {

namespace {

/// What an app's middleware adds to every response, whatever the resource.
constexpr std::array<std::string_view, 11> middleware_names{"Vary",
                                                            "Strict-Transport-Security",
                                                            "Permissions-Policy",
                                                            "Referrer-Policy",
                                                            "X-Frame-Options",
                                                            "X-XSS-Protection",
                                                            "X-Permitted-Cross-Domain-Policies",
                                                            "X-Download-Options",
                                                            "Reporting-Endpoints",
                                                            "NEL",
                                                            "Report-To"};

/// What a browser may do with the response that they came with.
constexpr std::array<std::string_view, 2> policy_names{"Content-Security-Policy",
                                                       "Content-Security-Policy-Report-Only"};

/// What describes the bytes of the response that it came with, or is written by Sluice itself.
constexpr std::array<std::string_view, 14> replaced_names{"Content-Length",
                                                          "Content-Range",
                                                          "Content-Encoding",
                                                          "Content-MD5",
                                                          "Digest",
                                                          "Content-Digest",
                                                          "Repr-Digest",
                                                          "ETag",
                                                          "Last-Modified",
                                                          "Accept-Ranges",
                                                          "Date",
                                                          "Age",
                                                          "X-Content-Type-Options",
                                                          "Content-Type"};

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

bool is_wanted(std::string_view name, const app_field_rules& rules) {
    if (is_cors(name)) {
        return !rules.cors_configured;
    }
    if (http::same_name(name, "Cache-Control")) {
        return false; // has rules of its own
    }
    return contains_name(middleware_names, name) || starts_with_name(name, "Cross-Origin-") ||
           (rules.has_objects_policy && contains_name(policy_names, name)) || contains_name(rules.named, name);
}

} // namespace

http::header_list allowed_app_headers(const http::field_list& response, const app_field_rules& rules) {
    http::header_list out;
    const http::hop_by_hop hop(response);
    for (const auto& f : response.items) {
        if (!is_wanted(f.name, rules) || hop.strips(f.name) || http::is_one_of(rules.object_headers, f.name)) {
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

http::header_list object_response_headers(const http::field_list& response, const app_field_rules& rules) {
    http::header_list out;
    const http::hop_by_hop hop(response);
    for (const auto& f : response.items) {
        if (!hop.strips(f.name) && !contains_name(replaced_names, f.name) &&
            !http::is_one_of(rules.object_headers, f.name) && !(rules.cors_configured && is_cors(f.name))) {
            out.add(f.name, f.value);
        }
    }
    return out;
}

content content_of(const http::response_head& response, std::string_view method) {
    if (const auto* length = response.fields.find("Content-Length")) {
        return length->value.find_first_not_of('0') == std::string_view::npos ? content::none : content::some;
    }
    return method == "HEAD" ? content::none : content::unknown;
}

bool is_page_type(std::string_view content_type) noexcept {
    return http::same_name(http::trim_ows(content_type.substr(0, content_type.find(';'))), "text/html");
}

std::string_view object_type(const http::field_list& response, config::type_from from, content has_content) {
    if (from == config::type_from::store) {
        return {};
    }
    const auto type = response.value("Content-Type");
    const bool is_placeholder = is_page_type(type) && has_content == content::none && from != config::type_from::app;
    return is_placeholder ? std::string_view() : type;
}

} // namespace sluice::authorize
