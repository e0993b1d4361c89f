#include <sluice/base/text.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/http/range.hpp>

#include <algorithm>
#include <limits>

namespace sluice::http {
namespace {

constexpr auto max_number = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

error ignored(std::string_view why) {
    return {errc::range_ignored, error_source::client, false, std::string(why)};
}
error bad_content_range() {
    return {errc::bad_content_range, error_source::origin, false, "bad Content-Range"};
}

/// A number (1*DIGIT), saturated at `max_number`; nullopt where `text` is not one.
std::optional<std::uint64_t> parse_saturated(std::string_view digits) noexcept {
    if (digits.empty())
        return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : digits) {
        if (!is_digit(c))
            return std::nullopt;
        const auto digit = static_cast<std::uint64_t>(c - '0');
        value = value > (max_number - digit) / 10 ? max_number : value * 10 + digit;
    }
    return value;
}

/// Takes a case-insensitive `bytes` and `separator` off `field`; false where they are not there.
bool take_unit(std::string_view& field, char separator) noexcept {
    constexpr std::string_view unit = "bytes";
    if (field.size() <= unit.size() || !same_name(field.substr(0, unit.size()), unit) ||
        field[unit.size()] != separator)
        return false;
    field.remove_prefix(unit.size() + 1);
    return true;
}

std::optional<range_spec> parse_one(std::string_view text) noexcept {
    const auto dash = text.find('-');
    if (dash == std::string_view::npos)
        return std::nullopt;
    const auto left = text.substr(0, dash);
    const auto right = text.substr(dash + 1);
    range_spec spec;
    if (left.empty()) {
        const auto length = parse_saturated(right);
        if (!length)
            return std::nullopt;
        spec.kind = range_spec::form::suffix;
        spec.length = *length;
        return spec;
    }
    const auto first = parse_saturated(left);
    if (!first)
        return std::nullopt;
    spec.first = *first;
    if (right.empty())
        return spec;
    const auto last = parse_saturated(right);
    if (!last || *last < *first)
        return std::nullopt;
    spec.kind = range_spec::form::bounded;
    spec.last = *last;
    return spec;
}

/// Merges ranges that overlap; adjacent ones stay apart, as the client asked for them.
std::vector<byte_range> merge_overlaps(const std::vector<byte_range>& ranges) {
    struct placed {
        byte_range range;
        std::size_t place;
    };
    std::vector<placed> sorted;
    sorted.reserve(ranges.size());
    for (std::size_t i = 0; i != ranges.size(); ++i)
        sorted.push_back({ranges[i], i});
    std::ranges::stable_sort(sorted, {}, [](const placed& p) { return p.range.first; });
    std::vector<placed> merged;
    for (const auto& next : sorted) {
        if (merged.empty() || next.range.first > merged.back().range.last) {
            merged.push_back(next);
            continue;
        }
        auto& before = merged.back();
        before.range.last = std::max(before.range.last, next.range.last);
        before.place = std::min(before.place, next.place);
    }
    std::ranges::sort(merged, {}, &placed::place);
    std::vector<byte_range> result;
    result.reserve(merged.size());
    for (const auto& one : merged)
        result.push_back(one.range);
    return result;
}

} // namespace

std::optional<byte_range> range_spec::resolve(std::uint64_t size) const noexcept {
    if (kind == form::suffix) {
        if (length == 0 || size == 0)
            return std::nullopt;
        return byte_range{length < size ? size - length : 0, size - 1};
    }
    if (first >= size)
        return std::nullopt;
    return byte_range{first, kind == form::open ? size - 1 : std::min(last, size - 1)};
}

result<std::vector<range_spec>> parse_range_spec(std::string_view field) {
    if (!take_unit(field, '='))
        return ignored("unknown range unit");
    std::vector<range_spec> specs;
    // Range specs hold no quotes, so this is a list like any other; one that does is malformed all the same.
    while (const auto member = next_list_member(field)) {
        const auto spec = parse_one(*member);
        if (!spec)
            return ignored("malformed range");
        if (specs.size() == max_range_specs)
            return ignored("too many ranges");
        specs.push_back(*spec);
    }
    if (specs.empty())
        return ignored("no range");
    return specs;
}

result<std::vector<byte_range>> resolve_ranges(std::span<const range_spec> specs, std::uint64_t size,
                                               std::size_t max_ranges) {
    std::vector<byte_range> ranges;
    ranges.reserve(specs.size());
    for (const auto& spec : specs)
        if (const auto range = spec.resolve(size))
            ranges.push_back(*range);
    if (ranges.empty())
        return error{errc::range_not_satisfiable, error_source::client, false, "no range is satisfiable"};
    if (ranges.size() > 1)
        ranges = merge_overlaps(ranges);
    if (ranges.size() > max_ranges)
        return ignored("too many ranges");
    return ranges;
}

result<content_range> parse_content_range(std::string_view field) {
    if (!take_unit(field, ' '))
        return bad_content_range();
    const auto slash = field.find('/');
    if (slash == std::string_view::npos)
        return bad_content_range();
    // What saturates is as wrong as what is no number: no object is that large.
    const auto number = [](std::string_view text) {
        const auto value = parse_saturated(text);
        return value && *value != max_number ? value : std::nullopt;
    };
    content_range parsed;
    if (const auto size = field.substr(slash + 1); size != "*") {
        parsed.size = number(size);
        if (!parsed.size)
            return bad_content_range();
    }
    const auto range = field.substr(0, slash);
    if (range == "*") {
        if (!parsed.size)
            return bad_content_range();
        return parsed;
    }
    const auto dash = range.find('-');
    if (dash == std::string_view::npos)
        return bad_content_range();
    const auto first = number(range.substr(0, dash));
    const auto last = number(range.substr(dash + 1));
    if (!first || !last || *last < *first || (parsed.size && *last >= *parsed.size))
        return bad_content_range();
    parsed.range = byte_range{*first, *last};
    return parsed;
}

void append_content_range(std::string& out, byte_range range, std::uint64_t size) {
    out += "bytes ";
    append_number(out, range.first);
    out += '-';
    append_number(out, range.last);
    out += '/';
    append_number(out, size);
}

std::string format_unsatisfied_range(std::uint64_t size) {
    return "bytes */" + std::to_string(size);
}

std::string format_range(byte_range range) {
    return "bytes=" + std::to_string(range.first) + '-' + std::to_string(range.last);
}

std::string format_range(const range_spec& spec) {
    switch (spec.kind) {
    case range_spec::form::suffix:
        return "bytes=-" + std::to_string(spec.length);
    case range_spec::form::open:
        return "bytes=" + std::to_string(spec.first) + '-';
    case range_spec::form::bounded:
        break;
    }
    return format_range(byte_range{spec.first, spec.last});
}

} // namespace sluice::http
