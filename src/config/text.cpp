#include <sluice/config/text.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace sluice::config {

error bad(std::string detail) {
    return error{errc::bad_config, error_source::internal, false, std::move(detail)};
}

bool has_control(std::string_view text) noexcept {
    return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
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

result<std::string> parse_media_type(std::string_view text) {
    const auto slash = text.find('/');
    const auto is_name = [](std::string_view part) {
        return parse_field_name(part).has_value();
    }; // which is a token too
    if (slash == std::string_view::npos || !is_name(text.substr(0, slash)) || !is_name(text.substr(slash + 1))) {
        return bad("must be a media type without parameters, as application/json");
    }
    return to_lower(text);
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
