#pragma once

#include <sluice/base/asio.hpp>
#include <sluice/base/error.hpp>

#include <cstdint>

/// What follows an attempt to deliver an object, or to fetch what is missing of it. Pure.
namespace sluice::media {

/// What is done after an attempt to deliver an object.
enum class next_attempt : std::uint8_t {
    none,         ///< it is delivered, or nothing more can be done here
    bypass_cache, ///< the origin can still give what the cache cannot take
    look_up_again ///< the version changed before the first byte: once more, with the one that is there now
};

/// `head_sent`: the response has begun, so that no other can take its place.
[[nodiscard]] next_attempt after_attempt(const result<void>& sent, bool head_sent) noexcept;

/// When a response gives up on bytes that are missing now. Before the head, when its request does (`request_give_up`).
/// Afterwards, once no byte was sent for `patience` since `last_sent`, but not before the time of one fetch is over.
[[nodiscard]] steady_clock::time_point give_up_after(bool head_sent, steady_clock::time_point request_give_up,
                                                     steady_clock::time_point last_sent, steady_clock::time_point now,
                                                     steady_clock::duration patience,
                                                     steady_clock::duration fetch_timeout) noexcept;

/// Whether a response that failed with `code` can go on with bytes straight from the origin: the cache is what is in
/// the way, and there are bytes to come. `position`: the next one; `last`: of what is sent.
[[nodiscard]] bool may_continue_direct(errc code, bool head_sent, std::uint64_t position, std::uint64_t last) noexcept;

} // namespace sluice::media
