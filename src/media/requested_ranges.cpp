#include <sluice/media/requested_ranges.hpp>

#include <algorithm>
#include <utility>

namespace sluice::media {

requested_ranges parse_requested_ranges(const http::field_list& fields) {
    requested_ranges wanted;
    const auto* field = fields.find("Range");
    if (field == nullptr || fields.count("Range") != 1) {
        return wanted;
    }
    auto specs = http::parse_range_spec(field->value);
    if (specs && specs.value().size() == 1) {
        wanted.single = specs.value().front();
    } else if (specs) {
        wanted.several = std::move(specs.value());
    }
    return wanted;
}

bool has_conditions(const http::field_list& fields) noexcept {
    return std::ranges::any_of(
        fields.items, [](const auto& f) { return f.name.size() > 3 && http::same_name(f.name.substr(0, 3), "if-"); });
}

} // namespace sluice::media
