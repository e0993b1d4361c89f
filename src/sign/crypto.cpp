#include <sluice/sign/crypto.hpp>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <memory>
#include <new>
#include <stdexcept>

namespace sluice::sign {

namespace {

// Fetched once, since a fetch takes locks and walks the providers. Never freed, since OpenSSL's clean-up at exit may
// come before that of a static object.
const EVP_MD* sha256_method() {
    static const EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    if (method == nullptr) {
        throw std::runtime_error("OpenSSL has no SHA256");
    }
    return method;
}

digest_context new_context() {
    digest_context context(EVP_MD_CTX_new());
    if (context == nullptr) {
        throw std::bad_alloc();
    }
    return context;
}

/// The context of this thread, for one digest at a time: allocating one takes as long as a short digest.
EVP_MD_CTX* scratch() {
    thread_local const digest_context context = new_context();
    return context.get();
}

/// The digest of what `context` has read, and `data`.
sha256_digest finish(EVP_MD_CTX* context, const void* data, std::size_t size) {
    sha256_digest digest{};
    unsigned length = 0;
    if (EVP_DigestUpdate(context, data, size) != 1 || EVP_DigestFinal_ex(context, digest.data(), &length) != 1 ||
        length != digest.size()) {
        throw std::runtime_error("SHA-256 failed");
    }
    return digest;
}

/// A digest that begins with `block`.
digest_context begun_with(std::span<const std::uint8_t> block) {
    auto context = new_context();
    if (EVP_DigestInit_ex2(context.get(), sha256_method(), nullptr) != 1 ||
        EVP_DigestUpdate(context.get(), block.data(), block.size()) != 1) {
        throw std::runtime_error("HMAC set-up failed");
    }
    return context;
}

} // namespace

sha256_digest sha256(std::string_view data) {
    if (EVP_DigestInit_ex2(scratch(), sha256_method(), nullptr) != 1) {
        throw std::runtime_error("SHA-256 failed");
    }
    return finish(scratch(), data.data(), data.size());
}

std::string sha256_hex(std::string_view data) {
    return hex(sha256(data));
}

sha256_digest hmac_sha256(std::span<const std::uint8_t> key, std::string_view data) {
    const auto mac = hmac_key(key).mac(data);
    EVP_MD_CTX_reset(scratch()); // the result, or the data, may be a key itself
    return mac;
}

sha1_digest hmac_sha1(std::span<const std::uint8_t> key, std::string_view data) {
    sha1_digest digest{};
    unsigned length = 0;
    const auto* const bytes = reinterpret_cast<const unsigned char*>(data.data());
    if (HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), bytes, data.size(), digest.data(), &length) ==
            nullptr ||
        length != digest.size()) {
        throw std::runtime_error("HMAC-SHA1 failed");
    }
    return digest;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void digest_context_deleter::operator()(evp_md_ctx_st* context) const noexcept {
    EVP_MD_CTX_free(context);
}

hmac_key::hmac_key(std::span<const std::uint8_t> key) {
    // "append zeros to the end of K to create a B byte string"; "Applications that use keys longer than B bytes will
    // first hash the key".
    std::array<std::uint8_t, 64> block{};
    if (key.size() > block.size()) {
        auto shorter = sha256({reinterpret_cast<const char*>(key.data()), key.size()});
        std::ranges::copy(shorter, block.begin());
        wipe(shorter);
        EVP_MD_CTX_reset(scratch());
    } else {
        std::ranges::copy(key, block.begin());
    }
    const auto xor_with = [&block](unsigned by) {
        for (auto& byte : block) {
            byte = static_cast<std::uint8_t>(byte ^ by);
        }
    };
    xor_with(0x36U);
    inner_ = begun_with(block);
    xor_with(0x36U ^ 0x5cU);
    outer_ = begun_with(block);
    wipe(block);
}

sha256_digest hmac_key::mac(std::string_view data) const {
    // Works on copies of the keyed states, which are only read, so threads may share them.
    EVP_MD_CTX* const context = scratch();
    const auto begin = [context](const digest_context& from) {
        if (EVP_MD_CTX_copy_ex(context, from.get()) != 1) {
            throw std::runtime_error("HMAC failed");
        }
    };
    begin(inner_);
    const auto inner = finish(context, data.data(), data.size());
    begin(outer_);
    return finish(context, inner.data(), inner.size());
}

void wipe(std::span<std::uint8_t> bytes) noexcept {
    OPENSSL_cleanse(bytes.data(), bytes.size());
}

std::span<const std::uint8_t> as_key(std::string_view text) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

} // namespace sluice::sign
