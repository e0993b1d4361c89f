#pragma once

#include <sluice/base/secret.hpp>
#include <sluice/base/text.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Digests and MACs over OpenSSL's EVP. All may be called from any thread. They throw `std::runtime_error` only where
/// OpenSSL itself fails (out of memory, a provider without SHA-256), which nothing can be done about.
struct evp_md_ctx_st;

namespace sluice::sign {

/// 32 bytes, raw.
using sha256_digest = std::array<std::uint8_t, 32>;

/// FIPS 180-4.
[[nodiscard]] sha256_digest sha256(std::string_view data);

/// `hex(sha256(data))`, as AWS wants payload and request hashes.
[[nodiscard]] std::string sha256_hex(std::string_view data);

/// RFC 2104 with SHA-256. The key may have any length, zero and NUL bytes included.
[[nodiscard]] sha256_digest hmac_sha256(std::span<const std::uint8_t> key, std::string_view data);

/// 20 bytes, raw.
using sha1_digest = std::array<std::uint8_t, 20>;

/// RFC 2104 with SHA-1: for signatures of version 2, which others made. Nothing of ours is signed with it.
[[nodiscard]] sha1_digest hmac_sha1(std::span<const std::uint8_t> key, std::string_view data);

/// Whether both are the same bytes, in a time that depends on their lengths alone.
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

/// OpenSSL's EVP_MD_CTX, without its headers. OpenSSL wipes the state of the digest when it is freed.
struct digest_context_deleter {
    void operator()(evp_md_ctx_st* context) const noexcept;
};
/// OpenSSL's state of a digest.
using digest_context = std::unique_ptr<evp_md_ctx_st, digest_context_deleter>;

/// A key of HMAC-SHA256 whose set-up is done once and then copied for each MAC. Immutable, so threads may share it;
/// what it holds of the key is wiped when it is destroyed.
class hmac_key {
public:
    /// `key`: of any length. Throws `std::runtime_error` where OpenSSL fails.
    explicit hmac_key(std::span<const std::uint8_t> key);

    /// The MAC of `data`. Throws likewise.
    [[nodiscard]] sha256_digest mac(std::string_view data) const;

private:
    digest_context inner_; ///< begun with the key and `ipad`
    digest_context outer_; ///< with the key and `opad`
};

/// Wipes the bytes in a way that no optimiser removes.
void wipe(std::span<std::uint8_t> bytes) noexcept;

/// A view of text as the bytes that a key is made of; valid as long as `text` is.
[[nodiscard]] std::span<const std::uint8_t> as_key(std::string_view text) noexcept;

} // namespace sluice::sign
