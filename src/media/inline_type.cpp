#include <sluice/http/fields.hpp>
#include <sluice/media/inline_type.hpp>

#include "object_fields.hpp"

#include <algorithm>
#include <array>

namespace sluice::media {

namespace {

/// The `type/subtype` of a Content-Type (RFC 9110 §8.3.1); "" where it is none, or a list: that would be read by its
/// last member (Fetch §2.2.3 "extract a MIME type"), which is not what is judged here.
std::string_view essence_of(std::string_view content_type) noexcept {
    const auto essence = http::trim_ows(content_type.substr(0, content_type.find(';')));
    const auto slash = essence.find('/');
    const bool single = slash != std::string_view::npos && content_type.find(',') == std::string_view::npos &&
                        http::is_token(essence.substr(0, slash)) && http::is_token(essence.substr(slash + 1));
    return single ? essence : std::string_view();
}

bool contains_folded(std::string_view text, std::string_view lower) noexcept {
    const auto same = [](char a, char b) { return ascii_lower(a) == b; };
    return std::search(text.begin(), text.end(), lower.begin(), lower.end(), same) != text.end();
}

} // namespace

bool is_inline_type(std::string_view content_type) noexcept {
    const auto essence = essence_of(content_type);
    if (http::same_name(essence, "application/pdf") || http::same_name(essence, "text/plain")) {
        return true;
    }
    if (essence.size() > 4 && http::same_name(essence.substr(essence.size() - 4), "+xml")) {
        return false; // an XML document, whatever it says of its kind (MIME Sniffing §4.6)
    }
    const auto kind = essence.substr(0, essence.find('/'));
    return (http::same_name(kind, "image") && !detail::starts_with_type(essence, "image/svg")) ||
           http::same_name(kind, "audio") || http::same_name(kind, "video");
}

std::string_view isolated_type(std::string_view content_type) noexcept {
    const auto essence = essence_of(content_type);
    // All names of JavaScript in MIME Sniffing §4.6 have one of the first three; wider is no harm.
    constexpr std::array<std::string_view, 4> run{"script", "ecma", "jscript", "css"};
    const bool runs = std::ranges::any_of(run, [essence](auto name) { return contains_folded(essence, name); });
    return essence.empty() || runs ? std::string_view("application/octet-stream") : content_type;
}

} // namespace sluice::media
