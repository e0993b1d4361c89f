#include <sluice/base/base64.hpp>
#include <sluice/identity/google/rsa_key.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <stdexcept>
#include <utility>

namespace sluice::identity {

namespace {

EVP_PKEY* as_pkey(void* key) {
    return static_cast<EVP_PKEY*>(key);
}

// Without it OpenSSL would ask for the passphrase of an encrypted key on the terminal.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*context*/) {
    return 0;
}

} // namespace

void rsa_key::deleter::operator()(void* key) const noexcept {
    EVP_PKEY_free(as_pkey(key));
}

rsa_key::rsa_key(std::string_view pem) {
    const std::unique_ptr<BIO, int (*)(BIO*)> text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
    if (text) {
        key_.reset(PEM_read_bio_PrivateKey(text.get(), nullptr, no_passphrase, nullptr));
    }
    if (!key_ || EVP_PKEY_get_base_id(as_pkey(key_.get())) != EVP_PKEY_RSA) {
        throw std::invalid_argument("the private key must be an RSA key in PEM, not encrypted");
    }
    if (EVP_PKEY_get_bits(as_pkey(key_.get())) < 2048) {
        throw std::invalid_argument("the private key must have at least 2048 bits");
    }
}

std::optional<std::string> rsa_key::sign(std::string_view data) const {
    const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    if (!context ||
        EVP_DigestSignInit_ex(context.get(), nullptr, "SHA256", nullptr, nullptr, as_pkey(key_.get()), nullptr) != 1) {
        return std::nullopt;
    }
    const auto* const bytes = reinterpret_cast<const unsigned char*>(data.data());
    std::size_t length = static_cast<std::size_t>(EVP_PKEY_get_size(as_pkey(key_.get())));
    std::string signature(length, '\0');
    if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length, bytes,
                       data.size()) != 1) {
        return std::nullopt;
    }
    signature.resize(length);
    return signature;
}

bool rsa_key::verify(std::string_view data, std::string_view signature) const {
    const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    const bool good =
        context &&
        EVP_DigestVerifyInit_ex(context.get(), nullptr, "SHA256", nullptr, nullptr, as_pkey(key_.get()), nullptr) ==
            1 &&
        EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                         reinterpret_cast<const unsigned char*>(data.data()), data.size()) == 1;
    ERR_clear_error(); // of a signature that is not ours, which is no failure
    return good;
}

secret google_assertion(const rsa_key& key, std::string_view key_id, std::string_view email, std::string_view scope,
                        std::string_view audience, time_point now) {
    boost::json::object header{{"alg", "RS256"}, {"typ", "JWT"}};
    if (!key_id.empty()) {
        header["kid"] = key_id;
    }
    const auto issued = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch();
    // "exp: […] a maximum of 1 hour after the issued time"
    const auto ends = issued + std::chrono::hours(1);
    const boost::json::object claims{
        {"iss", email}, {"scope", scope}, {"aud", audience}, {"iat", issued.count()}, {"exp", ends.count()}};
    wiped_text text(base64_url_encode(boost::json::serialize(header)) + "." +
                    base64_url_encode(boost::json::serialize(claims)));
    auto signature = key.sign(text.text);
    if (!signature) {
        return {};
    }
    // With its signature the assertion is a secret.
    const wiped_text bytes(std::move(*signature));
    const wiped_text last(base64_url_encode(bytes.text));
    text.append(".").append(last.text);
    return secret(text.text);
}

} // namespace sluice::identity
