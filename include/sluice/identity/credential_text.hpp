#pragma once

#include <string_view>

/// Checks on the single texts that credentials are made of. Pure.
namespace sluice::identity {

/// True where `text` is not empty and consists of visible ASCII and spaces: fit for a header field or a form.
[[nodiscard]] bool is_printable_ascii(std::string_view text) noexcept;

/// What to say of a text that is not: why, never the text, which may be a secret.
inline constexpr std::string_view not_printable =
    "is empty, or contains a line break, another control character or a byte beyond ASCII";

/// True for what can be an access token in a field: visible ASCII (RFC 6750 §2.1 allows less), at most 16 KiB.
[[nodiscard]] bool is_access_token(std::string_view text) noexcept;

} // namespace sluice::identity
