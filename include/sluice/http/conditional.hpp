#pragma once

#include <sluice/http/head.hpp>

#include <chrono>
#include <optional>
#include <string_view>

/// Conditional requests (RFC 9110 §13) for GET and HEAD.
namespace sluice::http {

/// What a representation is known by.
struct validators {
    /// The ETag field's value, quotes and perhaps `W/` included; "" where there is none.
    std::string_view etag{};
    std::optional<std::chrono::sys_seconds> last_modified{};
};

/// What follows from the preconditions of a request.
enum class precondition : std::uint8_t {
    proceed,
    not_modified, ///< answer 304
    failed,       ///< answer 412
};

/// Evaluates If-Match, else If-Unmodified-Since, then If-None-Match, else If-Modified-Since, in the order of
/// RFC 9110 §13.2.2, for a GET or HEAD of a representation that exists. To be evaluated after authorization and before
/// the Range.
///
/// A malformed entity tag matches nothing; a malformed or repeated date is ignored, and so are dates where
/// `last_modified` is not known.
[[nodiscard]] precondition evaluate_preconditions(const field_list& fields, const validators& current);

/// RFC 9110 §13.1.5: true where there is no If-Range, or its strong entity tag is the current one, or its date is the
/// current Last-Modified and that is strong: known to be at least a second before `date`, the Date of the answer that
/// told it (nullopt: not known, so it is not strong). Where false, ignore Range.
[[nodiscard]] bool if_range_holds(const field_list& fields, const validators& current,
                                  std::optional<std::chrono::sys_seconds> date);

/// True for a well-formed entity tag without `W/` (RFC 9110 §8.8.3): what a fill may be resumed by.
[[nodiscard]] bool is_strong_etag(std::string_view etag) noexcept;

} // namespace sluice::http
