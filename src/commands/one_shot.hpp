#pragma once

#include <sluice/identity/http_client.hpp>
#include <sluice/net/proxy.hpp>
#include <sluice/sign/make_signer.hpp>

#include <exception>
#include <memory>
#include <vector>

namespace sluice::commands {

/// A worker for one errand of a command, on the thread that calls.
class one_shot {
public:
    /// `proxies`: those of the environment; null: none.
    explicit one_shot(std::shared_ptr<const net::proxy_settings> proxies);

    /// Runs `errand` to its end; rethrows what it throws. Once.
    void run(awaitable<void> errand);

    [[nodiscard]] net::connection_pool& pool() noexcept { return pool_; }
    [[nodiscard]] identity::caller& caller() noexcept { return caller_; }

private:
    awaitable<void> finish(awaitable<void> errand);

    worker worker_{0};
    net::connection_pool pool_;
    identity::http_caller caller_;
    std::exception_ptr failed_;
};

/// Brings the credentials of a signer up, in their order. Both must live until completion. Errors: the first one's.
awaitable<result<void>> renew_all(const std::vector<std::shared_ptr<identity::renewable>>& renewals,
                                  identity::caller& by);

} // namespace sluice::commands
