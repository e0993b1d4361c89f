#include "socket_connection.hpp"

namespace sluice::net {
namespace {

/// The deadline for the next address: what time is left is shared by those that have not been tried.
steady_clock::time_point share_of(steady_clock::time_point deadline, std::size_t addresses) {
    if (deadline == steady_clock::time_point::max()) {
        return deadline;
    }
    const auto now = steady_clock::now();
    return now + (deadline - now) / static_cast<std::ptrdiff_t>(addresses);
}

/// What `connect_timeout` is called where it is set.
std::string_view setting_of(const peer& p) {
    return p.source == error_source::app ? "app.connect_timeout" : "connect_timeout";
}

/// What is the same for every address that is tried.
struct opening {
    worker& w;
    const peer& p;
    const http_proxy* via; ///< null: directly
    tls_client* tls;       ///< null: plain
    std::shared_ptr<tls_session> session;
    std::shared_ptr<pool_connections> among;
    request_canceler* canceler; ///< null: it cannot be canceled
    steady_clock::time_point deadline;

    [[nodiscard]] bool canceled() const noexcept { return among->canceled || is_canceled(canceler); }
};

/// TCP, then the proxy's tunnel and TLS where they are wanted, over one address. `o` must live until completion.
awaitable<result<std::unique_ptr<connection>>> open_one(const opening& o, asio::ip::tcp::endpoint to,
                                                        steady_clock::time_point connect_by) {
    if (o.tls == nullptr) {
        auto made = std::make_unique<plain_connection>(o.w, o.p.source, o.among);
        const pending_scope pending(o.canceler, connection::close_at, static_cast<connection*>(made.get()));
        auto connected = co_await made->connect(to, connect_by);
        if (!connected) {
            co_return connected.error();
        }
        made->timer().clear();
        co_return std::unique_ptr<connection>(std::move(made));
    }
    auto made = std::make_unique<tls_connection>(o.w, o.p.source, o.among);
    const pending_scope pending(o.canceler, connection::close_at, static_cast<connection*>(made.get()));
    auto connected = co_await made->connect(to, connect_by);
    if (!connected) {
        co_return connected.error();
    }
    if (o.via != nullptr) {
        auto through = co_await made->ask_for_tunnel(*o.via, o.p, o.deadline);
        if (!through) {
            co_return through.error();
        }
    }
    auto agreed = co_await made->handshake(*o.tls, o.p, o.session, o.deadline);
    if (!agreed) {
        co_return agreed.error();
    }
    made->timer().clear();
    co_return std::unique_ptr<connection>(std::move(made));
}

} // namespace

awaitable<result<std::unique_ptr<connection>>>
open_connection(worker& w, resolver& names, const peer& p, const http_proxy* via, std::shared_ptr<tls_session> session,
                std::shared_ptr<pool_connections> among, request_canceler* canceler) {
    const auto deadline =
        p.connect_timeout.count() > 0 ? steady_clock::now() + p.connect_timeout : steady_clock::time_point::max();
    std::shared_ptr<tls_client> tls;
    if (p.tls) {
        auto settings = tls_client::of(p.ca_file);
        if (!settings) {
            auto e = settings.error();
            e.source = p.source;
            co_return e;
        }
        tls = std::move(*settings);
    }
    const std::string& host = via != nullptr ? via->host : p.host;
    const auto port = via != nullptr ? via->port : p.port;
    auto found = co_await names.resolve(host, deadline, canceler);
    if (!found) {
        auto e = found.error();
        e.source = p.source;
        co_return e;
    }
    const opening o{w, p, via, tls.get(), std::move(session), std::move(among), canceler, deadline};
    const std::string where = via != nullptr ? p.host + " through the proxy " + via->authority() : p.host;
    error last{errc::connect_failed, p.source, true, "no address"};
    for (std::size_t i = 0; i != found->size(); ++i) {
        const auto& address = (*found)[i];
        const auto connect_by = share_of(deadline, found->size() - i);
        const asio::ip::tcp::endpoint to(address, port);
        auto made = co_await open_one(o, to, connect_by);
        if (made) {
            co_return std::move(*made);
        }
        last = made.error();
        if (o.canceled()) { // the address is not to blame
            break;
        }
        if (last.code == errc::timeout) {
            last.detail = timeout_text(setting_of(p), p.connect_timeout);
        }
        const auto text = address.to_string();
        last.detail = where + (text == host ? "" : " (" + text + ")") + ": " + last.detail;
        names.put_last(host, address);
        // A certificate that is refused here would be refused at the next address as well.
        if (!last.retryable || steady_clock::now() >= deadline) {
            break;
        }
    }
    co_return last;
}

} // namespace sluice::net
