#pragma once

#include <sluice/base/error.hpp>
#include <sluice/base/secret.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::identity {

/// The most that a file of credentials or a token may hold, in bytes.
inline constexpr std::size_t most_of_small_file = std::size_t{1024} * 1024;

/// Reads a file of credentials or a token, whole. To be called anew for each use: they are rotated in place.
///
/// It blocks, on the worker, for one local file of a few kilobytes an hour. Only regular files are read: a pipe could
/// keep the worker waiting. Errors: `errc::no_credentials` (internal; retryable, since rotation may just be putting it
/// there), its detail with the path and why, never what is in it; `not_there`, where given, tells that there is none.
[[nodiscard]] result<secret> read_small_file(const std::string& path, bool* not_there = nullptr);

/// As `read_small_file`, without white space around it, and refused where it is empty then or where it holds a byte
/// that a header field must not: CR, LF, NUL or another control character, or one beyond ASCII.
[[nodiscard]] result<secret> read_token_file(const std::string& path);

/// `text` without spaces, tabs and line ends around it.
[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept;

/// True where all of `text` is visible ASCII or spaces, and it is not empty: fit for a header field or a form.
[[nodiscard]] bool is_plain_text(std::string_view text) noexcept;

/// True for what can be an access token in a field: visible ASCII (RFC 6750 §2.1 has less), at most 16 KiB.
[[nodiscard]] bool is_access_token(std::string_view text) noexcept;

} // namespace sluice::identity
