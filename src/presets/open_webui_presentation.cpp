#include <sluice/base/text.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/http/media_type.hpp>
#include <sluice/http/target.hpp>
#include <sluice/presets/open_webui_presentation.hpp>
#include <sluice/sign/canonical.hpp>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace sluice::presets {

namespace {

constexpr std::size_t max_name = 4096;
constexpr std::size_t max_type = 256;
constexpr std::size_t max_parameters = 16;

bool usable_type(std::string_view type) {
    return type.size() <= max_type && type.front() != ' ' && type.back() != ' ' &&
           std::ranges::all_of(type, [](char c) { return c >= ' ' && c < 0x7f; });
}

/// As pydantic reads a bool of a query.
std::optional<bool> truth_of(std::string_view text) {
    constexpr std::array<std::string_view, 6> yes{"1", "t", "y", "on", "yes", "true"};
    constexpr std::array<std::string_view, 6> no{"0", "f", "n", "no", "off", "false"};
    const auto is = [text](std::string_view word) { return http::same_name(text, word); };
    if (std::ranges::any_of(yes, is)) {
        return true;
    }
    return std::ranges::any_of(no, is) ? std::optional(false) : std::nullopt;
}

bool is_plain_name(std::string_view name) {
    return !name.empty() &&
           std::ranges::all_of(name, [](char c) { return is_alnum(c) || c == '_' || c == '-' || c == '.'; });
}

/// What the app takes `attachment` for; nullopt where that is not clear.
std::optional<bool> attachment_of(std::string_view query) {
    std::optional<bool> attached = false;
    std::vector<std::string_view> names;
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        const auto pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        const auto name = pair.substr(0, pair.find('='));
        if (!is_plain_name(name) || pair.find(';') != std::string_view::npos || name == "shared" ||
            names.size() == max_parameters || std::ranges::find(names, name) != names.end()) {
            return std::nullopt;
        }
        names.push_back(name);
        if (name == "attachment") {
            attached = truth_of(pair.substr(std::min(name.size() + 1, pair.size())));
            if (!attached) {
                return std::nullopt;
            }
        }
    }
    return attached;
}

} // namespace

bool is_uuid(std::string_view text) noexcept {
    if (text.size() != 36) {
        return false;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? c != '-' : !(is_digit(c) || (c >= 'a' && c <= 'f'))) {
            return false;
        }
    }
    return true;
}

std::optional<file_form> open_webui_form(std::string_view path, std::string_view query) {
    constexpr std::string_view beneath = "/content/";
    const auto attached = attachment_of(query);
    if (!attached) {
        return std::nullopt;
    }
    const auto at = path.rfind(beneath);
    if (at == std::string_view::npos) {
        return *attached ? file_form::attached : file_form::shown;
    }
    const auto name = percent_decode(path.substr(at + beneath.size()));
    if (!name || name.value() == "html" || name.value() == "watch") {
        return std::nullopt;
    }
    return file_form::named;
}

std::optional<presentation> open_webui_presentation(file_form form, std::string_view key,
                                                    const std::optional<std::string>& meta_name,
                                                    const std::optional<std::string>& filename,
                                                    const std::optional<std::string>& content_type) {
    const auto& name = meta_name ? meta_name : filename;
    if (!name || name->size() > max_name || !is_utf8(*name)) {
        return std::nullopt;
    }
    std::string type = form == file_form::named ? "" : content_type.value_or("");
    if (!type.empty() && !usable_type(type)) {
        return std::nullopt;
    }
    const std::string lower = to_lower(*name);
    presentation p;
    const bool attach = form != file_form::shown;
    const bool pdf = !attach && (type == "application/pdf" || lower.ends_with(".pdf"));
    if (pdf) {
        type = "application/pdf";
    }
    if (attach || type != "text/plain") { // with a parameter it is another text to the app
        // As Python's `urllib.parse.quote` has it, which the app uses: "/" stays too.
        p.content_disposition = pdf ? "inline" : "attachment";
        p.content_disposition += "; filename*=UTF-8''";
        append_percent_encoded(p.content_disposition, *name, slash::keep);
    }
    if (type.empty()) {
        const auto guessed = http::media_type_of_name(key);
        type = guessed.empty() ? "application/octet-stream" : guessed;
    }
    if (type.starts_with("text/") && to_lower(type).find("charset=") == std::string::npos) {
        type += "; charset=utf-8";
    }
    p.content_type = std::move(type);
    return p;
}

} // namespace sluice::presets
