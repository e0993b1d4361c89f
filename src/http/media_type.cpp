#include <sluice/base/text.hpp>
#include <sluice/http/media_type.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace sluice::http {

namespace {

/// Types by extension, sorted: Python's own table overlaid with Debian's, as an app in Debian's Python sees it, without
/// what nobody uploads. `ts` is an MPEG transport stream, as players need it (Debian: a Qt translation).
constexpr auto types = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"3g2", "audio/3gpp2"},
    {"3gp", "audio/3gpp"},
    {"3gpp", "audio/3gpp"},
    {"3gpp2", "audio/3gpp2"},
    {"7z", "application/x-7z-compressed"},
    {"aac", "audio/aac"},
    {"ac3", "audio/ac3"},
    {"aif", "audio/x-aiff"},
    {"aiff", "audio/x-aiff"},
    {"amr", "audio/AMR"},
    {"apk", "application/vnd.android.package-archive"},
    {"asc", "application/pgp-keys"},
    {"asf", "application/vnd.ms-asf"},
    {"atom", "application/atom+xml"},
    {"au", "audio/basic"},
    {"avi", "video/x-msvideo"},
    {"avif", "image/avif"},
    {"bib", "text/x-bibtex"},
    {"bmp", "image/bmp"},
    {"c", "text/x-csrc"},
    {"cc", "text/x-c++src"},
    {"cpp", "text/x-c++src"},
    {"crt", "application/x-x509-ca-cert"},
    {"css", "text/css"},
    {"csv", "text/csv"},
    {"deb", "application/vnd.debian.binary-package"},
    {"diff", "text/x-diff"},
    {"doc", "application/msword"},
    {"docm", "application/vnd.ms-word.document.macroEnabled.12"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"dotx", "application/vnd.openxmlformats-officedocument.wordprocessingml.template"},
    {"dwg", "image/vnd.dwg"},
    {"dxf", "image/vnd.dxf"},
    {"eml", "message/rfc822"},
    {"eot", "application/vnd.ms-fontobject"},
    {"epub", "application/epub+zip"},
    {"flac", "audio/flac"},
    {"flv", "video/x-flv"},
    {"geojson", "application/geo+json"},
    {"gif", "image/gif"},
    {"glb", "model/gltf-binary"},
    {"gltf", "model/gltf+json"},
    {"gz", "application/gzip"},
    {"h", "text/x-chdr"},
    {"heic", "image/heic"},
    {"heif", "image/heif"},
    {"hpp", "text/x-c++hdr"},
    {"hs", "text/x-haskell"},
    {"htm", "text/html"},
    {"html", "text/html"},
    {"ico", "image/vnd.microsoft.icon"},
    {"ics", "text/calendar"},
    {"iso", "application/x-iso9660-image"},
    {"jar", "application/java-archive"},
    {"java", "text/x-java"},
    {"jp2", "image/jp2"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript"},
    {"json", "application/json"},
    {"jsonld", "application/ld+json"},
    {"jxl", "image/jxl"},
    {"key", "application/pgp-keys"},
    {"kml", "application/vnd.google-earth.kml+xml"},
    {"kmz", "application/vnd.google-earth.kmz"},
    {"m3u", "audio/mpegurl"},
    {"m3u8", "application/vnd.apple.mpegurl"},
    {"m4a", "audio/mp4"},
    {"m4s", "video/iso.segment"},
    {"m4v", "video/mp4"},
    {"markdown", "text/markdown"},
    {"mbox", "application/mbox"},
    {"md", "text/markdown"},
    {"mdb", "application/msaccess"},
    {"mid", "audio/sp-midi"},
    {"mjs", "text/javascript"},
    {"mkv", "video/x-matroska"},
    {"mov", "video/quicktime"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"mpd", "application/dash+xml"},
    {"mpeg", "video/mpeg"},
    {"mpg", "video/mpeg"},
    {"mts", "model/vnd.mts"},
    {"numbers", "application/vnd.apple.numbers"},
    {"odf", "application/vnd.oasis.opendocument.formula"},
    {"odg", "application/vnd.oasis.opendocument.graphics"},
    {"odp", "application/vnd.oasis.opendocument.presentation"},
    {"ods", "application/vnd.oasis.opendocument.spreadsheet"},
    {"odt", "application/vnd.oasis.opendocument.text"},
    {"oga", "audio/ogg"},
    {"ogg", "audio/ogg"},
    {"ogv", "video/ogg"},
    {"one", "application/onenote"},
    {"opus", "audio/ogg"},
    {"org", "application/vnd.lotus-organizer"},
    {"otf", "font/otf"},
    {"p7m", "application/pkcs7-mime"},
    {"pages", "application/vnd.apple.pages"},
    {"patch", "text/x-diff"},
    {"pcap", "application/vnd.tcpdump.pcap"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"potx", "application/vnd.openxmlformats-officedocument.presentationml.template"},
    {"ppsx", "application/vnd.openxmlformats-officedocument.presentationml.slideshow"},
    {"ppt", "application/vnd.ms-powerpoint"},
    {"pptm", "application/vnd.ms-powerpoint.presentation.macroEnabled.12"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"ps", "application/postscript"},
    {"psd", "image/vnd.adobe.photoshop"},
    {"pub", "application/vnd.exstream-package"},
    {"py", "text/x-python"},
    {"rar", "application/vnd.rar"},
    {"rb", "application/x-ruby"},
    {"rs", "application/rls-services+xml"},
    {"rss", "application/x-rss+xml"},
    {"rst", "text/prs.fallenstein.rst"},
    {"rtf", "application/rtf"},
    {"rtx", "text/richtext"},
    {"sh", "text/x-sh"},
    {"sig", "application/pgp-signature"},
    {"sql", "application/sql"},
    {"sqlite", "application/vnd.sqlite3"},
    {"srt", "text/plain"},
    {"stl", "model/stl"},
    {"svg", "image/svg+xml"},
    {"swf", "application/vnd.adobe.flash.movie"},
    {"tar", "application/x-tar"},
    {"tex", "text/x-tex"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"ts", "video/mp2t"},
    {"tsv", "text/tab-separated-values"},
    {"ttf", "font/ttf"},
    {"ttml", "application/ttml+xml"},
    {"txt", "text/plain"},
    {"vcf", "text/vcard"},
    {"vsd", "application/vnd.visio"},
    {"vtt", "text/vtt"},
    {"wasm", "application/wasm"},
    {"wav", "audio/x-wav"},
    {"webm", "video/webm"},
    {"webp", "image/webp"},
    {"wma", "audio/x-ms-wma"},
    {"wmv", "video/x-ms-wmv"},
    {"woff", "font/woff"},
    {"woff2", "font/woff2"},
    {"wpd", "application/vnd.wordperfect"},
    {"xhtml", "application/xhtml+xml"},
    {"xls", "application/vnd.ms-excel"},
    {"xlsm", "application/vnd.ms-excel.sheet.macroEnabled.12"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"xltx", "application/vnd.openxmlformats-officedocument.spreadsheetml.template"},
    {"xml", "application/xml"},
    {"xsl", "application/xslt+xml"},
    {"xz", "application/x-xz"},
    {"zip", "application/zip"},
});
static_assert(std::ranges::is_sorted(types, {}, [](const auto& t) { return t.first; }));

/// Extensions that stand for two, and those that name a compression only. As in Python, where the case of the second
/// kind counts.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> double_extensions{
    {{"svgz", ".svg"}, {"taz", ".tar"}, {"tbz2", ".tar"}, {"tgz", ".tar"}, {"txz", ".tar"}, {"tz", ".tar"}}};
constexpr std::array<std::string_view, 5> compressions{"gz", "Z", "bz2", "xz", "br"};

/// The parts before and after the last dot; leading dots belong to the name.
std::pair<std::string_view, std::string_view> split(std::string_view name) {
    const auto dot = name.rfind('.');
    if (dot == std::string_view::npos || name.find_first_not_of('.') > dot) {
        return {name, {}};
    }
    return {name.substr(0, dot), name.substr(dot + 1)};
}

} // namespace

std::string_view media_type_of_name(std::string_view name) {
    name.remove_prefix(name.rfind('/') + 1); // npos: none
    auto [stem, ending] = split(name);
    std::string key = to_lower(ending);
    const auto* doubled = std::ranges::find(double_extensions, key, [](const auto& f) { return f.first; });
    if (doubled != double_extensions.end() && !key.empty()) {
        key = doubled->second.substr(1);
    } else if (std::ranges::find(compressions, ending) != compressions.end()) {
        key = to_lower(split(stem).second);
    }
    const auto* found =
        std::ranges::lower_bound(types, std::string_view(key), {}, [](const auto& t) { return t.first; });
    return found != types.end() && found->first == key ? found->second : std::string_view();
}

std::string_view inert_type_of_name(std::string_view name) {
    constexpr std::array<std::string_view, 8> run{
        "text/html",       "application/xhtml+xml", "image/svg+xml",        "text/javascript",
        "application/xml", "application/wasm",      "application/xslt+xml", "text/css"};
    const auto type = media_type_of_name(name);
    return std::ranges::find(run, type) == run.end() ? type : std::string_view();
}

} // namespace sluice::http
