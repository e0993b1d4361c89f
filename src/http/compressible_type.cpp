#include <sluice/http/fields.hpp>
#include <sluice/http/media_type.hpp>

#include <algorithm>
#include <array>

namespace sluice::http {

namespace {

/// The types that the middleware `starlette-compress` compresses, sorted by bytes.
constexpr auto types = std::to_array<std::string_view>({
    "application/atom+xml",
    "application/connect+json",
    "application/connect+proto",
    "application/eot",
    "application/font",
    "application/font-sfnt",
    "application/font-woff",
    "application/geo+json",
    "application/gpx+xml",
    "application/graphql+json",
    "application/javascript",
    "application/javascript-binast",
    "application/json",
    "application/ld+json",
    "application/manifest+json",
    "application/opentype",
    "application/otf",
    "application/proto",
    "application/protobuf",
    "application/rdf+xml",
    "application/rss+xml",
    "application/truetype",
    "application/ttf",
    "application/vnd.api+json",
    "application/vnd.google.protobuf",
    "application/vnd.mapbox-vector-tile",
    "application/vnd.ms-fontobject",
    "application/wasm",
    "application/x-google-protobuf",
    "application/x-httpd-cgi",
    "application/x-javascript",
    "application/x-opentype",
    "application/x-otf",
    "application/x-perl",
    "application/x-protobuf",
    "application/x-ttf",
    "application/x-web-app-manifest+json",
    "application/xhtml+xml",
    "application/xml",
    "font/eot",
    "font/otf",
    "font/ttf",
    "font/x-woff",
    "image/bmp",
    "image/svg+xml",
    "image/vnd.microsoft.icon",
    "image/x-icon",
    "multipart/bag",
    "multipart/mixed",
    "text/cache-manifest",
    "text/calendar",
    "text/css",
    "text/html",
    "text/javascript",
    "text/js",
    "text/markdown",
    "text/plain",
    "text/richtext",
    "text/vcard",
    "text/vnd.rim.location.xloc",
    "text/vtt",
    "text/x-component",
    "text/x-cross-domain-policy",
    "text/x-java-source",
    "text/x-markdown",
    "text/x-script",
    "text/xml",
});
static_assert(std::ranges::is_sorted(types));

constexpr std::size_t max_length =
    std::ranges::max_element(types, {}, [](std::string_view t) { return t.size(); })->size();

} // namespace

bool is_compressible_type(std::string_view content_type) noexcept {
    const auto essence = trim_ows(content_type.substr(0, content_type.find(';')));
    if (essence.size() > max_length) {
        return false;
    }
    std::array<char, max_length> lower{};
    std::ranges::transform(essence, lower.begin(), ascii_lower);
    return std::ranges::binary_search(types, std::string_view(lower.data(), essence.size()));
}

} // namespace sluice::http
