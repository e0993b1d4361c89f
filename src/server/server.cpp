#include <sluice/base/log.hpp>
#include <sluice/base/text.hpp>
#include <sluice/http/date.hpp>
#include <sluice/identity/http_client.hpp>
#include <sluice/media/deliver.hpp>
#include <sluice/media/fallback.hpp>
#include <sluice/net/proxy.hpp>
#include <sluice/server/admin.hpp>
#include <sluice/server/descriptors.hpp>
#include <sluice/server/listener.hpp>
#include <sluice/server/media_setup.hpp>
#include <sluice/server/server.hpp>

#include "credential_renewal.hpp"
#include "outbound_proxy.hpp"
#include "server_process.hpp"

#include <csignal>
#include <cstdlib>
#include <thread>
#include <utility>

namespace sluice::server {

namespace {

constexpr unsigned read_threads = 4;
constexpr unsigned write_threads = 4;

/// Who this process is in Via fields, in place of a host name (RFC 9110 §7.6.3). Drawn at the start, so that no two
/// processes have the same.
std::string make_pseudonym() {
    return "sluice-" + random_hex(4);
}

} // namespace

server_process::server_process(std::shared_ptr<const config::config> settings)
    : settings_(std::move(settings))
    , reads_(read_threads)
    , writes_(write_threads)
    , cache_(cache_settings_of(settings_->cache), reads_, writes_, observer())
    , outbound_(outbound_proxy(*settings_))
    , setup_(make_media_setup(*settings_, counters_,
                              outbound_ ? std::string_view() : std::string_view(outbound_.error().detail)))
    , fills_(settings_->limits.fills)
    , memory_(settings_->cache.memory, counters_)
    , decisions_(settings_->limits.decision_bytes)
    , fallback_(settings_->fallback)
    , clients_(settings_->limits.connections_per_client) {
    if (!settings_->cache.directory.empty()) {
        counters_.add_cache_up();
    }
    const auto pseudonym = settings_->app.via ? make_pseudonym() : std::string();
    const shared_parts parts{decisions_,
                             cache_,
                             reads_,
                             fills_,
                             memory_,
                             encoders_,
                             lookups_,
                             revalidations_,
                             fallback_,
                             setup_.routes,
                             setup_.invalidation_rules};
    for (unsigned i = 0; i < settings_->workers; ++i) {
        workers_.push_back(
            std::make_unique<worker_state>(i, settings_, counters_, outbound_ ? *outbound_ : nullptr, parts));
        workers_.back()->upstream.pseudonym = pseudonym;
        workers_.back()->upstream.forwarders = &forwarders_;
    }
    identity_caller_.emplace(first().origin_pool);
}

cache::cache_observer server_process::observer() {
    return {[this](cache::eviction_reason r) { counters_.cache_evictions->at(to_string(r)).Increment(); },
            [this](std::string_view reason) { counters_.cache_write_errors->at(reason).Increment(); },
            [this](const auto& stores) { tell_of_other_owners(setup_, stores); }};
}

int server_process::run() {
    const auto needed = descriptors_needed(*settings_);
    raise_descriptor_limit(needed);
    admin_reserve_.emplace(admin_reserve);
    if (const auto shortfall = descriptor_shortfall(needed)) {
        log::warn("file descriptor limit (RLIMIT_NOFILE) is too low for the configured limits",
                  {{"warning", *shortfall}});
    }
    std::signal(SIGPIPE, SIG_IGN); // sendfile on a closed socket raises it
    // Before the first sign of life: whoever sees it may already send a signal.
    asio::basic_signal_set<executor> signals(first().self.get_executor(), SIGTERM, SIGINT);
    for (const int ignored : {SIGHUP, SIGUSR1, SIGUSR2}) { // handled so that they do not kill the process
        signals.add(ignored);
    }
    cache_.start();
    for (auto& w : workers_) {
        w->self.tasks.spawn(w->self.deadlines.run());
        w->self.deadlines.on_tick([this, &w = *w] { tick(w); });
        tick(*w);
    }
    open_listeners();
    open_admin_listener();
    start_accepting();
    start_renewals(setup_.stores, first().self, *identity_caller_, counters_);
    first().self.tasks.spawn(await_signal(signals));
    std::vector<std::thread> threads;
    for (std::size_t i = 1; i < workers_.size(); ++i) {
        threads.emplace_back([&w = *workers_[i]] { w.self.context.run(); });
    }
    first().self.context.run();
    for (auto& t : threads) {
        t.join();
    }
    writes_.join();
    reads_.join();
    cache_.stop();
    log::info("stopped");
    if (abandoned_.load()) {
        // Requests that were cut off are suspended in the middle of something, and threads that look up names cannot be
        // ended: nothing of theirs may be destroyed.
        log::stop();
        std::_Exit(0);
    }
    return 0;
}

int serve(std::shared_ptr<const config::config> settings) {
    server_process process(std::move(settings));
    return process.run();
}

} // namespace sluice::server
