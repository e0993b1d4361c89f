#include <sluice/authorize/path_pattern.hpp>
#include <sluice/base/text.hpp>

#include <algorithm>

namespace sluice::authorize {

namespace {

/// Whether a value can have more than one segment: what a parameter or base64 holds is anybody's guess.
bool can_have_slashes(const config::template_value& value, const config::path_parts& route_path) {
    const bool is_decoded = std::ranges::find(value.filters, config::value_filter::base64url) != value.filters.end();
    return value.from != config::template_value::origin::path || is_decoded ||
           std::ranges::any_of(route_path.segments, [&value](const config::path_segment& s) {
               return s.what == config::path_segment::kind::rest && s.pieces.front().text == value.name;
           });
}

} // namespace

path_pattern::path_pattern(const config::path_parts& route_path) {
    add_literal("");
    for (const auto& segment : route_path.segments) {
        add_literal("/");
        for (const auto& piece : segment.pieces) {
            if (piece.what == config::path_piece::kind::literal) {
                add_literal(piece.text);
            } else {
                add_value();
            }
        }
        any_depth_ = any_depth_ || segment.what == config::path_segment::kind::rest;
    }
    finish();
}

path_pattern::path_pattern(const config::text_parts& parts, const config::path_parts& route_path) {
    add_literal("");
    for (const auto& part : parts) {
        if (const auto* literal = std::get_if<std::string>(&part)) {
            add_literal(*literal);
        } else {
            add_value();
            any_depth_ = any_depth_ || can_have_slashes(std::get<config::template_value>(part), route_path);
        }
    }
    finish();
}

void path_pattern::add_literal(std::string_view raw) {
    const auto decoded = percent_decode(raw);
    if (literals_.empty()) {
        literals_.emplace_back();
    }
    literals_.back().append(decoded ? std::string_view(*decoded) : raw);
    slashes_ += static_cast<std::size_t>(std::ranges::count(raw, '/'));
}

void path_pattern::add_value() {
    literals_.emplace_back();
}

/// Names have no `/` at their end but the root's.
void path_pattern::finish() {
    auto& last = literals_.back();
    while (last.ends_with('/') && (last.size() > 1 || literals_.size() > 1)) {
        last.pop_back();
        --slashes_;
    }
}

bool path_pattern::matches(std::string_view path) const noexcept {
    if (literals_.empty() || !path.starts_with(literals_.front())) {
        return false;
    }
    if (!any_depth_ && static_cast<std::size_t>(std::ranges::count(path, '/')) != slashes_) {
        return false;
    }
    if (literals_.size() == 1) {
        return path == literals_.front();
    }
    path.remove_prefix(literals_.front().size());
    for (std::size_t i = 1; i + 1 < literals_.size(); ++i) {
        const auto at = path.find(literals_[i]);
        if (at == std::string_view::npos) {
            return false;
        }
        path.remove_prefix(at + literals_[i].size());
    }
    return path.ends_with(literals_.back());
}

} // namespace sluice::authorize
