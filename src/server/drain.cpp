#include <sluice/base/log.hpp>
#include <sluice/server/record.hpp>

#include "credential_renewal.hpp"
#include "server_process.hpp"

#include <csignal>
#include <string_view>

/// From the signal to the end of the last request.
namespace sluice::server {

namespace {

/// Why a signal does nothing that others would do at it; "" for one that ends the process.
std::string_view why_ignored(int signal) noexcept {
    switch (signal) {
    case SIGHUP:
        return "the configuration is read at the start only: restart to have it read again";
    case SIGUSR1:
    case SIGUSR2:
        return "the log goes to standard output: there is no file to open again, and no other use for this signal";
    default:
        return {};
    }
}

} // namespace

awaitable<void> server_process::await_signal(asio::basic_signal_set<executor>& signals) {
    for (bool ended = false; !ended;) {
        auto [ec, number] = co_await signals.async_wait(use_tuple);
        const auto reason = ec ? std::string_view() : why_ignored(number);
        if (!reason.empty()) {
            log::warn("signal ignored", {{"signal", number}, {"reason", reason}});
            continue;
        }
        ended = true;
        draining_.store(true);
        log::info("draining", {{"signal", number}});
    }
    steady_timer timer(first().self.get_executor(), settings_->limits.shutdown_delay);
    auto [delayed] = co_await timer.async_wait(use_tuple);
    (void)delayed;
    stop_accepting();
}

void server_process::stop_accepting() {
    for (auto& w : workers_) {
        asio::post(w->self.context, [this, &w = *w] {
            for (auto& acceptor : w.acceptors) {
                boost::system::error_code ignored;
                acceptor.close(ignored);
            }
            w.idle.close_all();
            w.self.tasks.spawn(drain(w));
        });
    }
}

/// Waits for the requests and transfers of all workers, then ends what else runs on this one.
awaitable<void> server_process::drain(worker_state& w) {
    const auto until = steady_clock::now() + settings_->limits.drain_timeout;
    steady_timer timer(w.self.get_executor());
    constexpr std::size_t ours = 2; // this coroutine and the deadline service's
    const bool has_admin = &w == &first();
    while (w.self.tasks.size() > ours) {
        if (steady_clock::now() >= until) {
            log::warn("requests were cut off by limits.drain_timeout", {{"worker", w.self.index}});
            abandon(w);
            co_return;
        }
        w.idle.close_all();
        if (connections_.load() == 0) { // nobody is left who waits for what stores still send
            if (has_admin) {
                stop_renewals(setup_.stores); // not before: what was under way may have needed them
            }
            w.origin_pool.cancel();
            if (has_admin && fills_.in_use() == 0) {
                close_admin(); // last: until here it reports that the process is not ready
            }
        }
        timer.expires_after(deadline_service::period);
        auto [ec] = co_await timer.async_wait(use_tuple);
        (void)ec;
    }
    bool is_looking_up = w.origin_pool.is_looking_up();
    w.origin_pool.close();
    for (auto* pool : w.app_pools()) {
        is_looking_up = is_looking_up || pool->is_looking_up();
        pool->close();
    }
    w.log.flush();
    w.self.deadlines.stop();
    if (is_looking_up) {
        abandon(w); // nobody waits for its result any more
    }
}

void server_process::close_admin() {
    boost::system::error_code ignored;
    admin_->close(ignored);
    for (auto* socket : admin_sockets_) {
        socket->close(ignored);
    }
}

void server_process::abandon(worker_state& w) {
    abandoned_.store(true);
    record_cut_off(w.open, w.phases, w.log);
    w.log.flush();
    w.self.context.stop();
}

} // namespace sluice::server
