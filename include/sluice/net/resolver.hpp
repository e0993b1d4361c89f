#pragma once

#include <sluice/base/worker.hpp>
#include <sluice/net/request_canceler.hpp>

#include <boost/asio/ip/address.hpp>

#include <memory>
#include <string>
#include <vector>

namespace sluice::net {

/// Addresses of hosts, cached per worker. Asio's look-up blocks a thread of its own and cannot be cancelled: a caller
/// stops waiting at its deadline, and a look-up that ends later still fills the cache.
///
/// On the worker's thread only.
class resolver {
public:
    /// How long addresses are kept before the name is looked up again.
    static constexpr std::chrono::seconds ttl{30};

    /// For the names that `w` connects to; `w` must outlive it.
    explicit resolver(worker& w);
    resolver(const resolver&) = delete;
    resolver& operator=(const resolver&) = delete;
    ~resolver();

    /// The addresses of `host`, never empty; a numeric one is its own. Completes at `deadline` at the latest, and soon
    /// after `canceler` (nullptr: none) has canceled; others may still wait for the look-up then. An expired answer is
    /// served while it is renewed, and where the look-up fails.
    /// Errors (source internal): `resolve_failed`, `timeout`, both retryable; `canceled`.
    awaitable<result<std::vector<asio::ip::address>>> resolve(std::string host, steady_clock::time_point deadline,
                                                              request_canceler* canceler = nullptr);

    /// From now on nobody waits for a look-up, and none is started: `resolve` completes with `canceled`.
    void cancel();

    /// True while a look-up runs. Nothing can end it: the worker's context and the process wait for it (with dead name
    /// servers for most of a minute), unless the process exits without destroying them.
    [[nodiscard]] bool is_looking_up() const noexcept;

    /// `address` of `host` did not answer: the next to ask get it last.
    void put_last(const std::string& host, const asio::ip::address& address);

private:
    struct state;
    std::shared_ptr<state> state_;
};

} // namespace sluice::net
