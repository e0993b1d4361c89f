#pragma once

#include <sluice/http/range.hpp>
#include <sluice/media/plan.hpp>
#include <sluice/origin/fetch.hpp>

#include <optional>

/// Whether an answer of the origin is what a direct delivery needs, and what is asked for else. Pure.
namespace sluice::media {

/// What a direct delivery does with the origin's answer in hand.
struct direct_step {
    bool send{false};                        ///< the answer covers what is planned; else ask anew, for `range`
    std::optional<http::range_spec> range{}; ///< none: for the whole
};

/// `asked`: the range that the answer is to; `conditional`: whether the client's request has conditions. A 416 has no
/// validators: what conditions mean is known from a whole answer alone.
[[nodiscard]] direct_step direct_step_for(const origin::object_head& answer, const plan& p, bool conditional,
                                          const std::optional<http::range_spec>& asked) noexcept;

/// Whether a 416 is about an empty object whose whole was asked for in the end: its answer is a 200 without a byte.
[[nodiscard]] bool is_empty_whole(const origin::object_head& answer, const plan& p) noexcept;

} // namespace sluice::media
