#include <sluice/http/fields.hpp>
#include <sluice/http/target.hpp>
#include <sluice/proxy/presentation.hpp>
#include <sluice/sign/canonical.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::proxy {

namespace {

constexpr std::size_t longest_name = 4096;
constexpr std::size_t longest_type = 256;

/// What Python's `mimetypes` says of common media, by the name's ending.
constexpr std::array<std::pair<std::string_view, std::string_view>, 26> types{{
    {"mp4", "video/mp4"},         {"m4v", "video/mp4"},       {"webm", "video/webm"},   {"mov", "video/quicktime"},
    {"mkv", "video/x-matroska"},  {"avi", "video/x-msvideo"}, {"mp3", "audio/mpeg"},    {"m4a", "audio/mp4"},
    {"wav", "audio/x-wav"},       {"ogg", "audio/ogg"},       {"opus", "audio/opus"},   {"flac", "audio/flac"},
    {"aac", "audio/aac"},         {"png", "image/png"},       {"jpg", "image/jpeg"},    {"jpeg", "image/jpeg"},
    {"gif", "image/gif"},         {"webp", "image/webp"},     {"svg", "image/svg+xml"}, {"pdf", "application/pdf"},
    {"txt", "text/plain"},        {"html", "text/html"},      {"htm", "text/html"},     {"csv", "text/csv"},
    {"json", "application/json"}, {"css", "text/css"},
}};

std::string lower_ascii(std::string_view text) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(), http::ascii_lower);
    return lower;
}

std::string_view guessed_type(std::string_view lower_name) {
    const auto dot = lower_name.rfind('.');
    if (dot != std::string_view::npos && dot != 0) { // a name like `.mp4` has no ending
        const auto* found = std::ranges::find(types, lower_name.substr(dot + 1), &decltype(types)::value_type::first);
        if (found != types.end()) {
            return found->second;
        }
    }
    return "application/octet-stream";
}

bool usable_type(std::string_view type) {
    return type.size() <= longest_type && type.front() != ' ' && type.back() != ' ' &&
           std::ranges::all_of(type, [](char c) { return c >= ' ' && c < 0x7f; });
}

} // namespace

bool is_uuid(std::string_view text) noexcept {
    if (text.size() != 36) {
        return false;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? c != '-' : !(http::is_digit(c) || (c >= 'a' && c <= 'f'))) {
            return false;
        }
    }
    return true;
}

bool open_webui_query(std::string_view query) noexcept {
    return query.empty() || query == "attachment=true" || query == "attachment=false";
}

std::optional<presentation> open_webui_presentation(std::string_view query, const std::optional<std::string>& meta_name,
                                                    const std::optional<std::string>& filename,
                                                    const std::optional<std::string>& content_type) {
    const auto& name = meta_name ? meta_name : filename;
    if (!open_webui_query(query) || !name || name->size() > longest_name || !http::is_utf8(*name)) {
        return std::nullopt;
    }
    std::string type = content_type.value_or("");
    if (!type.empty() && !usable_type(type)) {
        return std::nullopt;
    }
    const std::string lower = lower_ascii(*name);
    presentation p;
    const bool asked = query == "attachment=true";
    const bool pdf = !asked && (type == "application/pdf" || lower.ends_with(".pdf"));
    if (pdf) {
        type = "application/pdf";
    }
    if (asked || type != "text/plain") { // with a parameter it is another text to the app
        // As Python's `urllib.parse.quote` has it, which the app uses: "/" stays too.
        p.content_disposition = pdf ? "inline" : "attachment";
        p.content_disposition += "; filename*=UTF-8''";
        sign::append_percent_encoded(p.content_disposition, *name, sign::slash::keep);
    }
    if (type.empty()) {
        type = guessed_type(lower);
    }
    if (type.starts_with("text/") && lower_ascii(type).find("charset=") == std::string::npos) {
        type += "; charset=utf-8";
    }
    p.content_type = std::move(type);
    return p;
}

} // namespace sluice::proxy
