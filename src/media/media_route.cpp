#include <sluice/media/media_route.hpp>

#include <algorithm>

namespace sluice::media {

namespace {

/// Whether a value is taken as it came, so that it fits wherever it stands.
bool takes_whole_values(const config::text_parts& parts) noexcept {
    return std::ranges::all_of(parts, [](const auto& part) {
        const auto* value = std::get_if<config::template_value>(&part);
        return value == nullptr || value->from == config::template_value::origin::resolved ||
               (value->is_whole() && value->from == config::template_value::origin::path);
    });
}

/// Whether each capture is one segment, or all that is left: such values have been looked at with the path.
bool captures_segments(const config::path_parts& path) noexcept {
    return std::ranges::all_of(path.segments, [&path](const config::path_segment& s) {
        const bool is_last = &s == &path.segments.back();
        return s.pieces.size() <= 1 && (s.what == config::path_segment::kind::one || is_last);
    });
}

} // namespace

bool is_selective(const media_route& route) noexcept {
    return !captures_segments(route.path.parts()) || !takes_whole_values(route.object) ||
           !takes_whole_values(route.subrequest.path) || !takes_whole_values(route.subrequest.query);
}

} // namespace sluice::media
