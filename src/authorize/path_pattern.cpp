#include <sluice/authorize/path_pattern.hpp>
#include <sluice/http/target.hpp>

#include <algorithm>

namespace sluice::authorize {

path_pattern::path_pattern(std::string_view text, std::string_view route_path) {
    text = http::split_target(text).path;
    while (text.size() > 1 && text.ends_with('/')) {
        text.remove_suffix(1);
    }
    slashes_ = static_cast<std::size_t>(std::ranges::count(text, '/'));
    for (bool more = true; more;) {
        const auto open = text.find('{');
        const auto literal = text.substr(0, open);
        const auto decoded = percent_decode(literal);
        literals_.push_back(decoded ? decoded.value() : std::string(literal));
        more = open != std::string_view::npos;
        if (more) {
            const auto close = text.find('}', open);
            const auto name = text.substr(open + 1, close - open - 1);
            any_depth_ = any_depth_ || name.ends_with('*') ||
                         route_path.find("{" + std::string(name) + "*}") != std::string_view::npos;
            text.remove_prefix(close + 1);
        }
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
