#include <sluice/media/coverage_rules.hpp>

#include <algorithm>
#include <functional>

namespace sluice::media {

namespace {

using coverage = cache::object::coverage;
using metrics::outcome;

} // namespace

coverage combine(std::span<const coverage> parts) noexcept {
    const bool alike = std::ranges::adjacent_find(parts, std::not_equal_to<>()) == parts.end();
    return alike && !parts.empty() ? parts.front() : coverage::some;
}

outcome outcome_of(coverage c) noexcept {
    switch (c) {
    case coverage::all:
        return outcome::hit;
    case coverage::some:
        return outcome::partial;
    case coverage::none:
        break;
    }
    return outcome::miss;
}

std::uint64_t bytes_within(std::span<const cache::object::run> runs, std::uint64_t first, std::uint64_t last) noexcept {
    std::uint64_t bytes = 0;
    const auto begin = std::ranges::upper_bound(runs, first, {}, &cache::object::run::end);
    for (auto r = begin; r != runs.end() && r->begin <= last; ++r) {
        bytes += std::min(last + 1, r->end) - std::max(first, r->begin);
    }
    return bytes;
}

} // namespace sluice::media
