#include "one_shot.hpp"

#include <csignal>

namespace sluice::commands {

one_shot::one_shot(std::shared_ptr<const net::proxy_settings> proxies)
    : pool_(worker_, 4, std::chrono::seconds(5), std::move(proxies))
    , caller_(pool_) {}

void one_shot::run(awaitable<void> task) {
    std::signal(SIGPIPE, SIG_IGN); // a closed peer is an error of the write instead
    worker_.tasks.spawn(worker_.deadlines.run());
    worker_.tasks.spawn(finish(std::move(task)));
    worker_.context.run();
    if (failed_) {
        std::rethrow_exception(failed_);
    }
}

awaitable<void> one_shot::finish(awaitable<void> task) {
    try {
        co_await std::move(task);
    } catch (...) {
        failed_ = std::current_exception();
    }
    pool_.close();
    worker_.deadlines.stop();
}

awaitable<result<void>> refresh_all(const std::vector<std::shared_ptr<identity::refreshable>>& refreshables,
                                    identity::http_client& by) {
    for (const auto& each : refreshables) {
        auto renewed = co_await each->refresh(by);
        if (!renewed) {
            co_return renewed.error();
        }
    }
    co_return result<void>{};
}

} // namespace sluice::commands
