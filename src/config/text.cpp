#include <sluice/config/text.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace sluice::config {

namespace {

bool is_alnum(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

} // namespace

error bad(std::string detail) {
    return error{errc::bad_config, error_source::internal, false, std::move(detail)};
}

bool valid_utf8(std::string_view text) noexcept {
    for (std::size_t i = 0; i < text.size();) {
        const auto at = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
        const unsigned lead = at(i);
        if (lead < 0x80) {
            ++i;
            continue;
        }
        const std::size_t more = lead >= 0xF0 ? 3U : lead >= 0xE0 ? 2U : 1U;
        if (lead < 0xC2 || lead > 0xF4 || text.size() - i <= more) {
            return false;
        }
        for (std::size_t k = 1; k <= more; ++k) {
            if ((at(i + k) & 0xC0U) != 0x80U) {
                return false;
            }
        }
        const unsigned second = at(i + 1);
        // RFC 3629 §4: the second byte excludes overlong forms, surrogates and what is above U+10FFFF.
        if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) || (lead == 0xF0 && second < 0x90) ||
            (lead == 0xF4 && second > 0x8F)) {
            return false;
        }
        i += more + 1;
    }
    return true;
}

bool has_control(std::string_view text) noexcept {
    return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string to_lower(std::string_view text) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
    return lower;
}

result<std::string> parse_name(std::string_view text) {
    const bool good = !text.empty() && text.size() <= 64 &&
                      std::ranges::all_of(text, [](char c) { return is_alnum(c) || c == '_' || c == '.' || c == '-'; });
    if (!good) {
        return bad("must be 1 to 64 letters, digits, `_`, `.` or `-`");
    }
    return std::string(text);
}

result<std::string> parse_field_name(std::string_view text) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    const bool good = !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [&](char c) {
        return is_alnum(c) || marks.find(c) != std::string_view::npos;
    });
    if (!good) {
        return bad("is not a header field name");
    }
    return to_lower(text);
}

result<std::string> parse_field_value(std::string_view text) {
    if (text.empty()) {
        return bad("must not be empty");
    }
    if (has_control(text)) {
        return bad("must not hold a line break or another control character");
    }
    if (text.front() == ' ' || text.back() == ' ') {
        return bad("must not begin or end with a space");
    }
    if (text.size() > 4096) {
        return bad("must be at most 4096 bytes");
    }
    return std::string(text);
}

bool is_connection_field(std::string_view name) noexcept {
    constexpr std::array<std::string_view, 12> names{"connection",
                                                     "content-length",
                                                     "keep-alive",
                                                     "proxy-connection",
                                                     "proxy-authenticate",
                                                     "proxy-authorization",
                                                     "te",
                                                     "trailer",
                                                     "transfer-encoding",
                                                     "upgrade",
                                                     "host",
                                                     "http2-settings"};
    return std::ranges::find(names, name) != names.end();
}

bool is_owned_response_field(std::string_view name) noexcept {
    constexpr std::array<std::string_view, 11> names{
        "content-range", "content-encoding", "accept-ranges", "etag",       "last-modified",         "date",
        "age",           "cache-status",     "server-timing", "set-cookie", "x-content-type-options"};
    return std::ranges::find(names, name) != names.end();
}

bool may_be_object_header(std::string_view name) {
    std::string folded(name);
    std::ranges::replace(folded, '_', '-');
    // What requests or answers need for something else: `object_header` is taken out of both.
    constexpr std::array<std::string_view, 22> taken{"forwarded",
                                                     "x-forwarded-for",
                                                     "x-forwarded-proto",
                                                     "x-forwarded-host",
                                                     "x-forwarded-port",
                                                     "x-real-ip",
                                                     "x-original-uri",
                                                     "x-original-method",
                                                     "location",
                                                     "set-cookie",
                                                     "cookie",
                                                     "authorization",
                                                     "accept",
                                                     "accept-encoding",
                                                     "origin",
                                                     "range",
                                                     "if-range",
                                                     "expect",
                                                     "vary",
                                                     "cache-control",
                                                     "expires",
                                                     "via"};
    return !folded.starts_with("content-") && !folded.starts_with("access-control-") && !is_connection_field(folded) &&
           !is_owned_response_field(folded) && std::ranges::find(taken, folded) == taken.end();
}

} // namespace sluice::config
