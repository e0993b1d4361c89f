#pragma once

#include <sluice/http/head.hpp>
#include <sluice/http/range.hpp>

#include <optional>
#include <vector>

namespace sluice::media {

/// What the `Range` of a GET or HEAD asks for, before the object's size is known: one range, several, or (where there
/// is no such field, or it is ignored) the whole, which has neither.
struct requested_ranges {
    std::optional<http::range_spec> single{}; ///< nullopt too where there are several
    std::vector<http::range_spec> several{};  ///< at least two

    /// False: the whole.
    [[nodiscard]] bool any() const noexcept { return single.has_value() || !several.empty(); }
};

/// Reads the `Range` of a request. The whole where RFC 9110 §14.2 has the field ignored, or it stands twice.
[[nodiscard]] requested_ranges parse_requested_ranges(const http::field_list& fields);

/// Whether any field of the request is a condition (RFC 9110 §13.1), which only a validator can decide.
[[nodiscard]] bool has_conditions(const http::field_list& fields) noexcept;

} // namespace sluice::media
