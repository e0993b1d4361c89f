#include "tls_client.hpp"

#include <sluice/base/asio.hpp>
#include <sluice/base/mutex.hpp>

#include <boost/asio/ip/address.hpp>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <array>
#include <map>

namespace sluice::net {
namespace {

/// Where an SSL keeps the `tls_session` that new sessions go to.
int session_slot() {
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

int keep_session(SSL* ssl, SSL_SESSION* session) {
    auto* into = static_cast<tls_session*>(SSL_get_ex_data(ssl, session_slot()));
    if (into == nullptr) {
        return 0;
    }
    into->newest.reset(session);
    return 1; // the reference is ours now
}

result<std::shared_ptr<tls_client>> make(const std::string& ca_file) {
    const auto fail = [&](std::string_view what) {
        return error{errc::tls_failed, error_source::internal, false, std::string(what) + ": " + tls_reason()};
    };
    ERR_clear_error();
    std::unique_ptr<SSL_CTX, ssl_deleter> context(SSL_CTX_new(TLS_client_method()));
    if (!context) {
        return fail("cannot make a TLS context");
    }
    SSL_CTX* ctx = context.get();
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(ctx,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, nullptr);
    const int loaded =
        ca_file.empty() ? SSL_CTX_set_default_verify_paths(ctx) : SSL_CTX_load_verify_file(ctx, ca_file.c_str());
    if (loaded != 1) {
        return fail("cannot read the CA certificates in " +
                    (ca_file.empty() ? std::string("the system's store") : ca_file));
    }
    // One read system call for several records instead of two for each.
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_default_read_buffer_len(ctx, 64 * 1024);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, keep_session);
    static constexpr std::array<unsigned char, 9> alpn{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    if (SSL_CTX_set_alpn_protos(ctx, alpn.data(), alpn.size()) != 0) { // 0 is success, unlike its neighbours
        return fail("cannot offer http/1.1");
    }
    return std::make_shared<tls_client>(std::move(context));
}

} // namespace

std::string tls_reason() {
    const unsigned long code = ERR_peek_last_error();
    const char* text = code == 0 ? nullptr : ERR_reason_error_string(code);
    return text == nullptr ? "no reason given" : text;
}

result<std::shared_ptr<tls_client>> tls_client::of(const std::string& ca_file) {
    struct shared_clients {
        mutex guard;
        std::map<std::string, std::shared_ptr<tls_client>> by_ca_file GUARDED_BY(guard);
    };
    static shared_clients clients;
    const mutex_lock lock(clients.guard);
    const auto found = clients.by_ca_file.find(ca_file);
    if (found != clients.by_ca_file.end()) {
        return found->second;
    }
    auto made = make(ca_file);
    if (made) {
        clients.by_ca_file.emplace(ca_file, *made);
    }
    return made;
}

tls_handle tls_client::open(const peer& p, int socket, tls_session& session) {
    tls_handle ssl(SSL_new(context_.get()));
    if (!ssl || SSL_set_fd(ssl.get(), socket) != 1) {
        return nullptr;
    }
    boost::system::error_code not_numeric;
    static_cast<void>(asio::ip::make_address(p.host, not_numeric));
    bool named = false;
    if (not_numeric) {
        // RFC 9525 §6.3: only the subject's alternative names count, not its common name.
        SSL_set_hostflags(ssl.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
        // The macro of SSL_set_tlsext_host_name, without its C-style cast.
        const long sni = SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                                  const_cast<char*>(p.host.c_str()));
        named = sni == 1 && SSL_set1_host(ssl.get(), p.host.c_str()) == 1;
    } else {
        // RFC 6066 §3 has no addresses in SNI; the certificate must carry it as an IP address.
        named = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), p.host.c_str()) == 1;
    }
    if (!named || SSL_set_ex_data(ssl.get(), session_slot(), &session) != 1) {
        return nullptr;
    }
    if (session.newest) {
        SSL_set_session(ssl.get(), session.newest.get());
        if (SSL_SESSION_get_protocol_version(session.newest.get()) >= TLS1_3_VERSION) {
            session.newest.reset(); // a ticket of TLS 1.3 is for one use (RFC 8446 §C.4); the answer brings the next
        }
    }
    SSL_set_connect_state(ssl.get());
    return ssl;
}

} // namespace sluice::net
