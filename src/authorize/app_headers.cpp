#include <sluice/authorize/app_headers.hpp>
#include <sluice/http/fields.hpp>

#include <algorithm>
#include <array>
#include <string_view>

namespace sluice::authorize {

namespace {

/// What an app's middleware adds for the whole of it, whatever the resource.
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

/// What speaks of the bytes of the answer that it came with, or is Sluice's to write.
constexpr std::array<std::string_view, 13> replaced_names{
    "Content-Length",        "Content-Range", "Content-Encoding", "Content-MD5",   "Digest", "Content-Digest",
    "Repr-Digest",           "ETag",          "Last-Modified",    "Accept-Ranges", "Date",   "Age",
    "X-Content-Type-Options"};

bool starts_with_name(std::string_view name, std::string_view prefix) {
    return name.size() >= prefix.size() && http::same_name(name.substr(0, prefix.size()), prefix);
}

template <class Names>
bool among(const Names& names, std::string_view name) {
    return std::ranges::any_of(names, [name](std::string_view other) { return http::same_name(name, other); });
}

bool is_cors(std::string_view name) {
    return starts_with_name(name, "Access-Control-");
}

/// True where a shared cache may keep the answer by it (RFC 9111 §5.2.2.9, §5.2.2.10).
bool is_for_all(std::string_view cache_control) {
    while (const auto directive = http::next_list_member(cache_control)) {
        const auto name = http::trim_ows(directive->substr(0, directive->find('=')));
        if (http::same_name(name, "public") || http::same_name(name, "s-maxage")) {
            return true;
        }
    }
    return false;
}

/// `Vary` without Accept-Encoding, which the request for leave has not and which says nothing of the object's bytes.
void append_vary(header_block& out, std::string_view names) {
    std::string kept;
    while (const auto name = http::next_list_member(names)) {
        if (!http::same_name(*name, "Accept-Encoding")) {
            kept.append(kept.empty() ? "" : ", ").append(*name);
        }
    }
    if (!kept.empty()) {
        (void)http::append_field(out.lines, "Vary", kept);
    }
}

void append_cache_control(header_block& out, const http::field_list& answer, const http::hop_by_hop& hop) {
    std::string lines;
    bool for_all = false;
    for (const auto& f : answer.items) {
        if (http::same_name(f.name, "Cache-Control") && !hop.strips(f.name) &&
            http::append_field(lines, f.name, f.value)) {
            for_all = for_all || is_for_all(f.value);
        }
    }
    out.says_cache_control = !lines.empty();
    out.lines += for_all ? "Cache-Control: private, no-cache\r\n" : lines;
}

} // namespace

header_block allowed_app_headers(const http::field_list& answer, bool cors_configured) {
    header_block out;
    const http::hop_by_hop hop(answer);
    for (const auto& f : answer.items) {
        const bool wanted = among(middleware_names, f.name) || starts_with_name(f.name, "Cross-Origin-") ||
                            (is_cors(f.name) && !cors_configured);
        if (wanted && http::same_name(f.name, "Vary") && !hop.strips(f.name)) {
            append_vary(out, f.value);
        } else if (wanted && !hop.strips(f.name)) {
            (void)http::append_field(out.lines, f.name, f.value); // what is no field value is left out
        }
    }
    append_cache_control(out, answer, hop);
    out.lines.shrink_to_fit(); // it may be kept for a while
    return out;
}

std::string set_cookie_headers(const http::field_list& answer) {
    std::string lines;
    for (const auto& f : answer.items) {
        if (http::same_name(f.name, "Set-Cookie")) {
            (void)http::append_field(lines, f.name, f.value);
        }
    }
    return lines;
}

header_block object_response_headers(const http::field_list& answer, std::span<const std::string> object_headers,
                                     bool cors_configured) {
    header_block out;
    const http::hop_by_hop hop(answer);
    for (const auto& f : answer.items) {
        if (hop.strips(f.name) || among(replaced_names, f.name) || http::is_one_of(object_headers, f.name) ||
            (cors_configured && is_cors(f.name)) || !http::append_field(out.lines, f.name, f.value)) {
            continue;
        }
        out.says_cache_control = out.says_cache_control || http::same_name(f.name, "Cache-Control");
        out.says_content_type = out.says_content_type || http::same_name(f.name, "Content-Type");
        out.says_disposition = out.says_disposition || http::same_name(f.name, "Content-Disposition");
    }
    return out;
}

} // namespace sluice::authorize
