#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

/// RSA keys made for one run of the tests, and the checking of signatures.
namespace google_rsa {

using pkey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

inline std::string text_of(BIO* from) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(from, &data);
    return {data, static_cast<std::size_t>(size)};
}

inline pkey make_key(unsigned bits = 2048) {
    pkey key(EVP_RSA_gen(bits), EVP_PKEY_free);
    if (!key) {
        throw std::runtime_error("no RSA key");
    }
    return key;
}

/// PKCS #8; with a passphrase: encrypted.
inline std::string private_pem(EVP_PKEY* key, const char* passphrase = nullptr) {
    const bio out(BIO_new(BIO_s_mem()), BIO_free);
    PEM_write_bio_PKCS8PrivateKey(out.get(), key, passphrase == nullptr ? nullptr : EVP_aes_256_cbc(), passphrase,
                                  passphrase == nullptr ? 0 : static_cast<int>(std::string_view(passphrase).size()),
                                  nullptr, nullptr);
    return text_of(out.get());
}

inline std::string public_pem(EVP_PKEY* key) {
    const bio out(BIO_new(BIO_s_mem()), BIO_free);
    PEM_write_bio_PUBKEY(out.get(), key);
    return text_of(out.get());
}

/// The key of this run: making one takes a while.
inline EVP_PKEY* run_key() {
    static const pkey key = make_key();
    return key.get();
}
inline const std::string& run_pem() {
    static const std::string pem = private_pem(run_key());
    return pem;
}

/// Whether `signature` is the owner's of `public_key` over `data`: RSASSA-PKCS1-v1_5, SHA-256.
inline bool verifies(std::string_view public_key, std::string_view data, std::string_view signature) {
    const bio in(BIO_new_mem_buf(public_key.data(), static_cast<int>(public_key.size())), BIO_free);
    const pkey key(PEM_read_bio_PUBKEY(in.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    if (!key || EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1) {
        throw std::runtime_error("no public key");
    }
    return EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                            reinterpret_cast<const unsigned char*>(data.data()), data.size()) == 1;
}

/// Raw bytes of lower-case hex; "" for anything else.
inline std::string unhex(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        constexpr std::string_view digits = "0123456789abcdef";
        const auto high = digits.find(text[i]);
        const auto low = digits.find(text[i + 1]);
        if (high == std::string_view::npos || low == std::string_view::npos) {
            return {};
        }
        out += static_cast<char>(high * 16 + low);
    }
    return text.size() % 2 == 0 ? out : std::string();
}

} // namespace google_rsa
