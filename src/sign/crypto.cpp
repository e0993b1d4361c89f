#include <sluice/sign/crypto.hpp>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <stdexcept>

namespace sluice::sign {

namespace {

// Fetched once: a fetch takes locks and walks the providers. Never freed, since OpenSSL's own clean-up at exit may come
// before that of a static of ours.
const EVP_MD* sha256_method() {
    static const EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    if (method == nullptr) {
        throw std::runtime_error("OpenSSL has no SHA256");
    }
    return method;
}

EVP_MAC* hmac_method() {
    static EVP_MAC* const method = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    if (method == nullptr) {
        throw std::runtime_error("OpenSSL has no HMAC");
    }
    return method;
}

const unsigned char* octets(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

} // namespace

sha256_digest sha256(std::string_view data) {
    sha256_digest digest{};
    unsigned length = 0;
    if (EVP_Digest(data.data(), data.size(), digest.data(), &length, sha256_method(), nullptr) != 1 ||
        length != digest.size()) {
        throw std::runtime_error("SHA-256 failed");
    }
    return digest;
}

void append_hex(std::string& out, std::span<const std::uint8_t> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::size_t at = out.size();
    out.resize(at + 2 * bytes.size());
    for (const std::uint8_t byte : bytes) {
        out[at++] = digits[byte >> 4U];
        out[at++] = digits[byte & 15U];
    }
}

std::string hex(std::span<const std::uint8_t> bytes) {
    std::string text;
    text.reserve(bytes.size() * 2);
    append_hex(text, bytes);
    return text;
}

std::string sha256_hex(std::string_view data) {
    return hex(sha256(data));
}

sha256_digest hmac_sha256(std::span<const std::uint8_t> key, std::string_view data) {
    return hmac_key(key).mac(data);
}

void hmac_key::deleter::operator()(void* context) const noexcept {
    EVP_MAC_CTX_free(static_cast<EVP_MAC_CTX*>(context));
}

hmac_key::hmac_key(std::span<const std::uint8_t> key)
    : context_(EVP_MAC_CTX_new(hmac_method())) {
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                     OSSL_PARAM_construct_end()};
    // A null pointer would mean "keep the key there is", also for an empty key.
    static constexpr unsigned char nothing = 0;
    const unsigned char* const bytes = key.empty() ? &nothing : key.data();
    if (context_ == nullptr ||
        EVP_MAC_init(static_cast<EVP_MAC_CTX*>(context_.get()), bytes, key.size(), parameters) != 1) {
        throw std::runtime_error("HMAC set-up failed");
    }
}

sha256_digest hmac_key::mac(std::string_view data) const {
    // A copy of the keyed state: the original is only read, so threads may share it.
    const std::unique_ptr<void, deleter> copy(EVP_MAC_CTX_dup(static_cast<const EVP_MAC_CTX*>(context_.get())));
    auto* const context = static_cast<EVP_MAC_CTX*>(copy.get());
    sha256_digest digest{};
    std::size_t length = 0;
    if (context == nullptr || EVP_MAC_update(context, octets(data), data.size()) != 1 ||
        EVP_MAC_final(context, digest.data(), &length, digest.size()) != 1 || length != digest.size()) {
        throw std::runtime_error("HMAC failed");
    }
    return digest;
}

std::string base64_encode(std::string_view bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0'); // OpenSSL adds a NUL
    const int length =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), octets(bytes), static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

std::optional<secret> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0) {
        return std::nullopt;
    }
    wiped_text whole(std::string(text.size() / 4 * 3, '\0'));
    const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(whole.text.data()), octets(text),
                                       static_cast<int>(text.size()));
    if (length < 0) {
        return std::nullopt;
    }
    // OpenSSL counts padding as zero bytes, and skips white space around the text: the way back tells.
    const std::size_t padding = text.ends_with("==") ? 2 : (text.ends_with('=') ? 1 : 0);
    if (static_cast<std::size_t>(length) < padding) {
        return std::nullopt;
    }
    const auto bytes = std::string_view(whole.text).substr(0, static_cast<std::size_t>(length) - padding);
    const wiped_text again(base64_encode(bytes));
    if (again.text != text) {
        return std::nullopt;
    }
    return secret(bytes);
}

void wipe(std::span<std::uint8_t> bytes) noexcept {
    OPENSSL_cleanse(bytes.data(), bytes.size());
}

std::span<const std::uint8_t> as_key(std::string_view text) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

} // namespace sluice::sign
