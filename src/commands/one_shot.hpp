#pragma once

#include <sluice/identity/http_client.hpp>
#include <sluice/net/proxy.hpp>
#include <sluice/sign/make_signer.hpp>

#include <exception>
#include <memory>
#include <vector>

namespace sluice::commands {

/// Runs one coroutine of a command to its end, on the calling thread, with a connection pool and an HTTP client.
class one_shot {
public:
    /// `proxies`: the HTTP proxies of the environment; nullptr: none.
    explicit one_shot(std::shared_ptr<const net::proxy_settings> proxies);

    /// Runs `task` to its end and rethrows what it throws. To be called once.
    void run(awaitable<void> task);

    [[nodiscard]] net::connection_pool& pool() noexcept { return pool_; }
    [[nodiscard]] identity::http_client& caller() noexcept { return caller_; }

private:
    awaitable<void> finish(awaitable<void> task);

    worker worker_{0};
    net::connection_pool pool_;
    identity::pooled_http_client caller_;
    std::exception_ptr failed_;
};

/// Renews the credentials of a signer, one after the other. Both arguments must live until completion. Errors: the
/// first one's.
awaitable<result<void>> refresh_all(const std::vector<std::shared_ptr<identity::refreshable>>& refreshables,
                                    identity::http_client& by);

} // namespace sluice::commands
