#pragma once

#include <sluice/base/error.hpp>
#include <sluice/net/peer.hpp>

#include <openssl/ssl.h>

#include <memory>
#include <string>

namespace sluice::net {

struct ssl_deleter {
    void operator()(SSL* s) const noexcept { SSL_free(s); }
    void operator()(SSL_CTX* s) const noexcept { SSL_CTX_free(s); }
    void operator()(SSL_SESSION* s) const noexcept { SSL_SESSION_free(s); }
};
using tls_handle = std::unique_ptr<SSL, ssl_deleter>;

/// The newest session that one peer gave, for resuming. TLS 1.3 sends it after the handshake.
struct tls_session {
    std::unique_ptr<SSL_SESSION, ssl_deleter> newest;
};

/// One trust setting: an SSL_CTX with the authorities of `ca_file` (or the system's), TLS 1.2 and up. Shared by all
/// workers; its use is thread-safe, as an SSL_CTX's is once it is set up.
class tls_client {
public:
    /// The context of `ca_file`, made on first use and kept for the process.
    /// Error: `tls_failed`, not retryable, where the file cannot be read.
    static result<std::shared_ptr<tls_client>> of(const std::string& ca_file);

    explicit tls_client(std::unique_ptr<SSL_CTX, ssl_deleter> context)
        : context_(std::move(context)) {}

    /// A client for `p` on `socket`, not yet shaken hands: SNI, the name (or address) to verify, ALPN http/1.1, and
    /// `session` to resume and to keep new sessions in (must outlive the handle). Null where OpenSSL has no memory.
    [[nodiscard]] tls_handle open(const peer& p, int socket, tls_session& session);

private:
    std::unique_ptr<SSL_CTX, ssl_deleter> context_;
};

/// The reason of OpenSSL's last error on this thread, as text.
[[nodiscard]] std::string tls_reason();

} // namespace sluice::net
