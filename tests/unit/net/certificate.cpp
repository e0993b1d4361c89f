#include "certificate.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <unistd.h>

#include <memory>
#include <stdexcept>

namespace sluice::net::test {
namespace {

template <auto Free>
struct freed {
    template <class T>
    void operator()(T* p) const {
        Free(p);
    }
};

std::string text_of(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_ctrl(bio, BIO_CTRL_INFO, 0, &data);
    return {data, static_cast<std::size_t>(size)};
}

void must(bool held) {
    if (!held) {
        throw std::runtime_error("cannot make a certificate");
    }
}

void extend(X509* x, int nid, const std::string& value) {
    const std::unique_ptr<X509_EXTENSION, freed<&X509_EXTENSION_free>> e(
        X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()));
    must(e && X509_add_ext(x, e.get(), -1) == 1);
}

} // namespace

certificate::certificate(const std::string& names, const std::string& common_name) {
    const std::unique_ptr<EVP_PKEY, freed<&EVP_PKEY_free>> key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
    const std::unique_ptr<X509, freed<&X509_free>> x(X509_new());
    must(key && x);
    X509_set_version(x.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(x.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(x.get()), 3600);
    X509_set_pubkey(x.get(), key.get());
    auto* name = X509_get_subject_name(x.get());
    must(X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_ASC,
                                    reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0) == 1);
    X509_set_issuer_name(x.get(), name);
    extend(x.get(), NID_basic_constraints, "critical,CA:TRUE");
    if (!names.empty()) {
        extend(x.get(), NID_subject_alt_name, names);
    }
    must(X509_sign(x.get(), key.get(), EVP_sha256()) != 0);
    const std::unique_ptr<BIO, freed<&BIO_free_all>> out(BIO_new(BIO_s_mem()));
    must(PEM_write_bio_X509(out.get(), x.get()) == 1);
    certificate_pem = text_of(out.get());
    const std::unique_ptr<BIO, freed<&BIO_free_all>> secret(BIO_new(BIO_s_mem()));
    must(PEM_write_bio_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
    key_pem = text_of(secret.get());
}

temporary_file::temporary_file(const std::string& text)
    : path_("/tmp/sluice-unit-XXXXXX") {
    const int fd = ::mkstemp(path_.data());
    must(fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    ::close(fd);
}

temporary_file::~temporary_file() {
    ::unlink(path_.c_str());
}

} // namespace sluice::net::test
