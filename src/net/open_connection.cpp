#include "socket_connection.hpp"

namespace sluice::net {
namespace {

/// When to give the present address up: what is left is shared by those that have not been tried.
steady_clock::time_point share_of(steady_clock::time_point give_up, std::size_t addresses) {
    if (give_up == steady_clock::time_point::max()) {
        return give_up;
    }
    const auto now = steady_clock::now();
    return now + (give_up - now) / static_cast<std::ptrdiff_t>(addresses);
}

/// TCP, then TLS where it is wanted, to one address.
awaitable<result<std::unique_ptr<connection>>> open_one(worker& w, const peer& p, tls_client* tls,
                                                        std::shared_ptr<tls_session> session, open_count count,
                                                        asio::ip::address address, steady_clock::time_point connect_by,
                                                        steady_clock::time_point give_up) {
    const asio::ip::tcp::endpoint to(address, p.port);
    if (tls == nullptr) {
        auto made = std::make_unique<plain_connection>(w, p.source, std::move(count));
        auto connected = co_await made->connect(to, connect_by);
        if (!connected) {
            co_return connected.error();
        }
        made->timer().clear();
        co_return std::unique_ptr<connection>(std::move(made));
    }
    auto made = std::make_unique<tls_connection>(w, p.source, std::move(count));
    auto connected = co_await made->connect(to, connect_by);
    if (!connected) {
        co_return connected.error();
    }
    auto agreed = co_await made->handshake(*tls, p, std::move(session), give_up);
    if (!agreed) {
        co_return agreed.error();
    }
    made->timer().clear();
    co_return std::unique_ptr<connection>(std::move(made));
}

} // namespace

awaitable<result<std::unique_ptr<connection>>> open_connection(worker& w, resolver& names, const peer& p,
                                                               std::shared_ptr<tls_session> session, open_count count) {
    const auto give_up =
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
    auto found = co_await names.resolve(p.host, give_up);
    if (!found) {
        auto e = found.error();
        e.source = p.source;
        co_return e;
    }
    error last{errc::connect_failed, p.source, true, "no address"};
    for (std::size_t i = 0; i != found->size(); ++i) {
        const auto& address = (*found)[i];
        const auto connect_by = share_of(give_up, found->size() - i);
        auto made = co_await open_one(w, p, tls.get(), session, count, address, connect_by, give_up);
        if (made) {
            co_return std::move(*made);
        }
        last = made.error();
        last.detail = p.host + " (" + address.to_string() + "): " + last.detail;
        names.put_last(p.host, address);
        // A certificate that is refused here would be refused at the next address as well.
        if (!last.retryable || steady_clock::now() >= give_up) {
            break;
        }
    }
    co_return last;
}

} // namespace sluice::net
