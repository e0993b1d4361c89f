#pragma once

#include <sluice/http/range.hpp>
#include <sluice/media/lookup.hpp>

#include <optional>
#include <string>

namespace sluice::media::detail {

/// The first request for an object that is not cached.
struct cold_question {
    std::string flight;                         ///< which one its look-up joins, leading or following
    std::optional<http::range_spec> range;      ///< to ask for where it leads; nullopt: the head alone
    std::optional<cold_requests::request> asks; ///< to be registered where it leads; nullopt: nobody looks for it
};

/// What is asked about `key` of `store` by who wants `wanted` now. `read_ahead`: `cache.read_ahead`, in bytes.
[[nodiscard]] cold_question question_for(lookup_flights& flights, origin::store& store, const std::string& key,
                                         bool head_only, const requested_ranges& wanted, std::uint64_t read_ahead);

} // namespace sluice::media::detail
