#pragma once

#include <string>

namespace sluice::net::test {

/// A key and its self-signed certificate, made for this run.
struct certificate {
    std::string certificate_pem;
    std::string key_pem;

    /// `names` as OpenSSL writes subject alternative names: `DNS:store.example,IP:127.0.0.1`; "": the certificate has
    /// none. `common_name`: its subject's.
    explicit certificate(const std::string& names, const std::string& common_name = "sluice test");
};

/// A file with this text that is gone when it is.
class temporary_file {
public:
    explicit temporary_file(const std::string& text);
    temporary_file(const temporary_file&) = delete;
    temporary_file& operator=(const temporary_file&) = delete;
    ~temporary_file();
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

} // namespace sluice::net::test
