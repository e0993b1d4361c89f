#pragma once

#include <sluice/base/asio.hpp>

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "certificate.hpp"

#include <string>
#include <string_view>

namespace sluice::net::test {

namespace ssl = asio::ssl;
using tls_socket = ssl::stream<tcp_socket>;

/// A server's side of TLS with one certificate, and what its clients asked for.
struct tls_server {
    explicit tls_server(const certificate& c)
        : context(ssl::context::tls_server) {
        context.use_certificate(asio::buffer(c.certificate_pem), ssl::context::pem);
        context.use_private_key(asio::buffer(c.key_pem), ssl::context::pem);
        SSL_CTX_set_alpn_select_cb(
            context.native_handle(),
            [](SSL* s, const unsigned char** out, unsigned char* size, const unsigned char* in, unsigned length,
               void* self) {
                const std::string_view offered(reinterpret_cast<const char*>(in), length);
                static_cast<tls_server*>(self)->alpn = offered;
                const char* name = SSL_get_servername(s, TLSEXT_NAMETYPE_host_name);
                static_cast<tls_server*>(self)->sni = name == nullptr ? "" : name;
                *out = in + 1;
                *size = in[0];
                return SSL_TLSEXT_ERR_OK;
            },
            this);
        const std::string_view id = "unit";
        SSL_CTX_set_session_id_context(context.native_handle(), reinterpret_cast<const unsigned char*>(id.data()),
                                       static_cast<unsigned>(id.size()));
    }
    ssl::context context;
    std::string alpn;
    std::string sni;
    unsigned resumed{0};
    unsigned handshakes{0};
};

} // namespace sluice::net::test
