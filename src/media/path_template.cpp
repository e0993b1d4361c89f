#include <sluice/media/path_template.hpp>

#include <algorithm>

namespace sluice::media {

namespace {

using config::path_piece;
using config::path_segment;

/// Whether `at` stands within a `%XX` of `text`, of which each escape is whole.
bool is_within_escape(std::string_view text, std::size_t at) noexcept {
    return (at >= 1 && text[at - 1] == '%') || (at >= 2 && text[at - 2] == '%');
}

/// Where `literal` begins first in `text` with something before it; npos: nowhere.
std::size_t find_literal(std::string_view text, std::string_view literal) noexcept {
    auto at = text.find(literal, 1);
    while (at != std::string_view::npos && is_within_escape(text, at)) {
        at = text.find(literal, at + 1);
    }
    return at;
}

/// What the capture before `literal` takes of `text`; `is_last`: the segment ends with that literal. Empty: nothing.
std::string_view before_literal(std::string_view text, std::string_view literal, bool is_last) noexcept {
    if (!is_last) {
        const auto at = find_literal(text, literal);
        return at == std::string_view::npos ? std::string_view() : text.substr(0, at);
    }
    const bool ends = text.size() > literal.size() && text.ends_with(literal);
    const auto at = text.size() - std::min(literal.size(), text.size());
    return ends && !is_within_escape(text, at) ? text.substr(0, at) : std::string_view();
}

bool match_segment(const path_segment& segment, std::string_view text, std::vector<capture>& captures) {
    const auto& pieces = segment.pieces;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        if (pieces[i].what == path_piece::kind::literal) { // the segment's first
            if (!text.starts_with(pieces[i].text)) {
                return false;
            }
            text.remove_prefix(pieces[i].text.size());
            continue;
        }
        const bool at_end = i + 1 == pieces.size();
        const auto taken = at_end ? text : before_literal(text, pieces[i + 1].text, i + 2 == pieces.size());
        if (taken.empty()) {
            return false;
        }
        captures.push_back({pieces[i].text, taken});
        text.remove_prefix(taken.size() + (at_end ? 0 : pieces[i + 1].text.size()));
        ++i; // the literal behind it
    }
    return text.empty();
}

/// Cuts the first segment off `rest`; false where there is none. `rest` is nullopt after the last.
bool next_segment(std::optional<std::string_view>& rest, std::string_view& segment) noexcept {
    if (!rest) {
        return false;
    }
    const auto slash = rest->find('/');
    segment = rest->substr(0, slash);
    rest = slash == std::string_view::npos ? std::nullopt : std::optional(rest->substr(slash + 1));
    return true;
}

/// Cuts off `rest` what is before its last `count` segments, which are left; empty where there is nothing.
std::string_view cut_before_last(std::optional<std::string_view>& rest, std::size_t count) noexcept {
    if (!rest) {
        return {};
    }
    auto end = rest->size();
    for (; count > 0; --count) {
        const auto slash = end == 0 ? std::string_view::npos : rest->rfind('/', end - 1);
        if (slash == std::string_view::npos) {
            return {};
        }
        end = slash;
    }
    const auto before = rest->substr(0, end);
    rest = end == rest->size() ? std::nullopt : std::optional(rest->substr(end + 1));
    return before;
}

} // namespace

path_template::path_template(std::string_view text)
    : parts_(config::parse_path(text).value()) {}

std::optional<std::vector<capture>> path_template::match(std::string_view raw_path) const {
    if (!raw_path.starts_with('/')) {
        return std::nullopt;
    }
    std::optional<std::string_view> rest = raw_path.substr(1);
    std::vector<capture> captures;
    const auto& segments = parts_.segments;
    for (std::size_t i = 0; i < segments.size(); ++i) {
        std::string_view text;
        if (segments[i].what == path_segment::kind::rest) {
            text = cut_before_last(rest, segments.size() - i - 1);
            if (text.empty()) {
                return std::nullopt;
            }
            captures.push_back({segments[i].pieces.front().text, text});
        } else if (!next_segment(rest, text) || !match_segment(segments[i], text, captures)) {
            return std::nullopt;
        }
    }
    return rest ? std::nullopt : std::optional(std::move(captures));
}

} // namespace sluice::media
