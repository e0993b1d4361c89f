#pragma once

#include <sluice/base/secret.hpp>

#include <optional>
#include <string>
#include <string_view>

/// Base64 (RFC 4648) by OpenSSL. Pure.
namespace sluice {

/// RFC 4648 §4, padded, without line breaks. Leaves no copy of `bytes` behind but what it gives.
[[nodiscard]] std::string base64_encode(std::string_view bytes);

/// The same with the alphabet that needs no escapes in a URL, and without padding (RFC 4648 §5, RFC 7515 §2).
[[nodiscard]] std::string base64_url_encode(std::string_view bytes);

/// The strict inverse of `base64_encode`: nullopt for a length that is not a multiple of four, for white space and for
/// anything else that it does not produce. The result is a secret, and copies are wiped, since keys are decoded with
/// it.
[[nodiscard]] std::optional<secret> base64_decode(std::string_view text);

/// Whether `text` has the form of base64 with its padding, and is not empty. Decodes nothing: bits that the padding
/// leaves over are not looked at, as they are by `base64_decode`.
[[nodiscard]] bool is_base64(std::string_view text) noexcept;

} // namespace sluice
