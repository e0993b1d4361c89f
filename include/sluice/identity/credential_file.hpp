#pragma once

#include <sluice/base/error.hpp>
#include <sluice/base/secret.hpp>

#include <cstddef>
#include <optional>
#include <string>

namespace sluice::identity {

/// The maximum size of a file of credentials or a token, in bytes.
inline constexpr std::size_t max_credential_file_size = std::size_t{1024} * 1024;

/// Reads a file of credentials or a token, whole. Call it anew for each use: such files are rotated in place.
///
/// It blocks the worker, for one local file of a few kilobytes an hour. Only regular files are read: a pipe could keep
/// the worker waiting. Errors: `errc::no_credentials` (internal; retryable, since rotation may be writing the file just
/// now), its detail with the path and the reason, never the content.
[[nodiscard]] result<secret> read_credential_file(const std::string& path);

/// As `read_credential_file`, but nullopt where there is no such file.
[[nodiscard]] result<std::optional<secret>> read_optional_credential_file(const std::string& path);

/// As `read_credential_file`, without the white space around the token. A token that is empty or not printable ASCII
/// (see `is_printable_ascii`) is an error, since it could not be sent in a header field.
[[nodiscard]] result<secret> read_token_file(const std::string& path);

} // namespace sluice::identity
