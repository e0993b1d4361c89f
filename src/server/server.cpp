#include <sluice/base/counted.hpp>
#include <sluice/base/log.hpp>
#include <sluice/http/date.hpp>
#include <sluice/identity/http_client.hpp>
#include <sluice/media/fallback.hpp>
#include <sluice/net/proxy.hpp>
#include <sluice/server/admin.hpp>
#include <sluice/server/descriptors.hpp>
#include <sluice/server/listener.hpp>
#include <sluice/server/media_setup.hpp>
#include <sluice/server/server.hpp>
#include <sluice/server/session.hpp>
#include <sluice/session/forwarded.hpp>
#include <sluice/session/untrusted_forwarders.hpp>

#include <boost/asio/basic_signal_set.hpp>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <list>
#include <optional>
#include <stdexcept>
#include <thread>

namespace sluice::server {

namespace {

constexpr unsigned read_threads = 4;
constexpr unsigned write_threads = 4;
/// How long connections to the app are kept: shorter than what Node and uvicorn wait (5 s) before they close without a
/// word, which a request that may not be sent twice could run into.
constexpr config::duration app_keep_alive{4000};

/// What all workers share, for the phases of their requests.
struct shared_parts {
    authorize::shared_decisions& decisions;
    media::shared_state& media;
    media::fallback_state& fallback;
    const std::vector<media::media_route>& routes;
};

/// All that lives on one worker.
struct lane {
    lane(unsigned index, std::shared_ptr<const config::config> settings, metrics::metrics& counters,
         std::shared_ptr<const net::proxy_settings> proxies, const shared_parts& parts)
        : self(index)
        , app_pool(self, settings->app.keepalive, std::min(app_keep_alive, settings->limits.idle_timeout))
        , ask_pool(self, settings->app.keepalive, std::min(app_keep_alive, settings->limits.idle_timeout))
        , naming_pool(self, settings->app.keepalive, std::min(app_keep_alive, settings->limits.idle_timeout))
        , origin_pool(self, 64, settings->limits.idle_timeout, std::move(proxies))
        , context{self, settings, counters}
        , upstream{{settings->app.address.tls,
                    settings->app.address.host,
                    settings->app.address.port,
                    {},
                    settings->app.connect_timeout,
                    error_source::app},
                   app_pool,
                   naming_pool,
                   counters.route("relay")}
        , authorizer{parts.decisions, upstream, ask_pool}
        , media{parts.media, origin_pool}
        , phases{upstream, authorizer, media, parts.fallback, parts.routes}
        , log(settings->log.access) {}

    [[nodiscard]] std::array<net::connection_pool*, 3> app_pools() { return {&app_pool, &ask_pool, &naming_pool}; }

    worker self;
    net::connection_pool app_pool;
    net::connection_pool ask_pool;
    net::connection_pool naming_pool;
    net::connection_pool origin_pool;
    session::worker_context context;
    relay::upstream upstream;
    authorize::authorizer authorizer;
    media::worker_state media;
    proxy::services phases;
    access_log log;
    waiting_line idle;
    std::list<tcp_acceptor> acceptors;
    std::atomic<std::size_t> app_connections{0};
    std::atomic<std::size_t> origin_connections{0};
};

/// Whether an app's own variables say where its objects are: what is wrong with them is not to keep it from being
/// reached.
bool has_preset_store(const config::config& c) {
    return !c.unusable_stores.empty() ||
           std::ranges::any_of(c.stores, [](const auto& named) { return named.second.of_preset; });
}

/// HTTPS_PROXY and its like, as they were at the start. Throws `std::invalid_argument` for one that cannot be used,
/// unless it is an app's variable too.
result<std::shared_ptr<const net::proxy_settings>> proxies_of_environment(const config::config& c) {
    auto proxies = net::proxy_settings::from_process();
    if (!proxies && !has_preset_store(c)) {
        throw std::invalid_argument(proxies.error().detail);
    }
    if (proxies && *proxies) {
        const std::string where = (*proxies)->proxy().authority();
        log::info("stores are asked through a proxy", {{"proxy", where}});
    }
    return proxies;
}

/// Drawn at the start, so that no two processes have one. RFC 9110 §7.6.3 allows it in place of a host name.
std::string draw_pseudonym() {
    std::array<unsigned char, 4> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
        throw std::runtime_error("no random numbers");
    }
    std::string name = "sluice-";
    for (const unsigned byte : bytes) {
        constexpr std::string_view digits = "0123456789abcdef";
        name += digits[byte >> 4U];
        name += digits[byte & 0xFU];
    }
    return name;
}

class server {
public:
    explicit server(std::shared_ptr<const config::config> settings)
        : settings_(std::move(settings))
        , proxies_(proxies_of_environment(*settings_))
        , reads_(read_threads)
        , writes_(write_threads)
        , cache_(cache_settings_of(settings_->cache), reads_, writes_, observer())
        , setup_(make_media_setup(*settings_, counters_,
                                  proxies_ ? std::string_view() : std::string_view(proxies_.error().detail)))
        , media_{cache_,
                 reads_,
                 counters_,
                 settings_->limits.fills,
                 settings_->cache.read_ahead,
                 settings_->cache.stale_if_error}
        , decisions_(settings_->limits.decision_bytes)
        , fallback_(settings_->fallback)
        , clients_(settings_->limits.connections_per_client) {
        const auto pseudonym = settings_->app.via ? draw_pseudonym() : std::string();
        const shared_parts parts{decisions_, media_, fallback_, setup_.routes};
        for (unsigned i = 0; i < settings_->workers; ++i) {
            lanes_.push_back(std::make_unique<lane>(i, settings_, counters_, proxies_ ? *proxies_ : nullptr, parts));
            lanes_.back()->upstream.pseudonym = pseudonym;
            lanes_.back()->upstream.forwarders = &forwarders_;
        }
        identity_caller_.emplace(lanes_.front()->origin_pool);
    }

    int run();

private:
    cache::cache_observer observer() {
        return {[this](cache::eviction_reason r) { counters_.cache_evictions->at(to_string(r)).Increment(); },
                [this](std::string_view reason) { counters_.cache_write_errors->at(reason).Increment(); },
                [this](const auto& stores) { tell_of_other_owners(setup_, stores); }};
    }
    void listen();
    void listen_admin();
    void tick(lane& l);
    void refresh_gauges();
    void on_connection(lane& l, tcp_socket socket);
    bool close_idle(lane& l);
    admission admit(const tcp_socket& socket, client_table::place& place);
    awaitable<void> counted_session(lane& l, tcp_socket socket, admission as, client_table::place place,
                                    counted<unsigned> slot);
    awaitable<void> await_signal(asio::basic_signal_set<executor>& signals);
    void renew_credentials();
    void stop_renewals();
    void stop_listening();
    awaitable<void> drain(lane& l);
    void close_admin();

    std::shared_ptr<const config::config> settings_;
    result<std::shared_ptr<const net::proxy_settings>> proxies_;
    metrics::metrics counters_;
    file_pool reads_;
    file_pool writes_;
    cache::object_cache cache_;
    media_setup setup_;
    media::shared_state media_;
    authorize::shared_decisions decisions_;
    media::fallback_state fallback_;
    session::untrusted_forwarders forwarders_;
    std::vector<std::unique_ptr<lane>> lanes_;
    std::optional<identity::http_caller> identity_caller_; ///< of the first worker
    std::unique_ptr<tcp_acceptor> admin_;
    std::vector<tcp_socket*> admin_sockets_; ///< on the first worker, as all of the admin listener
    waiting_line admin_waiting_;
    std::optional<descriptor_reserve> admin_reserve_;
    client_table clients_;
    std::atomic<bool> draining_{false};
    std::atomic<bool> cut_{false}; ///< something is suspended that nothing resumes any more
    std::atomic<unsigned> connections_{0};
    std::uint64_t log_dropped_{0}; ///< as it was counted last
};

std::string text_of(const asio::ip::tcp::endpoint& e) {
    const auto address = e.address().to_string();
    return (e.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(e.port());
}

void server::listen() {
    for (const auto& configured : settings_->listeners) {
        auto where = endpoint_of(configured.address);
        for (auto& l : lanes_) {
            l->acceptors.push_back(open_listener(l->self, where));
            where = l->acceptors.back().local_endpoint(); // port 0: the others share the one that was given
        }
        const std::string address = text_of(where);
        log::info("listening", {{"side", "client"}, {"address", address}});
    }
}

void server::listen_admin() {
    lane& first = *lanes_.front();
    admin_ = std::make_unique<tcp_acceptor>(open_listener(first.self, endpoint_of(settings_->admin.address)));
    const std::string address = text_of(admin_->local_endpoint());
    auto accepted = [this, &first](tcp_socket socket) {
        admit_admin(std::move(socket), {first.self, settings_, counters_, setup_, cache_, [this] { refresh_gauges(); },
                                        admin_sockets_, admin_waiting_, draining_});
    };
    auto make_room = [this] { return admin_waiting_.close_longest(); };
    first.self.tasks.spawn(accept_loop(*admin_, std::move(accepted), std::move(make_room), &*admin_reserve_));
    log::info("listening", {{"side", "admin"}, {"address", address}});
}

void server::tick(lane& l) {
    l.context.date = http::format_http_date(std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
    for (auto* fill : l.media.live_fills) {
        fill->tick();
    }
    l.context.disconnects.look(l.self.deadlines.now());
    if (&l == lanes_.front().get()) {
        decisions_.kept.expire(l.self.deadlines.now());
    }
    l.log.flush();
    std::size_t to_app = 0;
    for (const auto* pool : l.app_pools()) {
        to_app += pool->open_connections();
    }
    l.app_connections.store(to_app, std::memory_order_relaxed);
    l.origin_connections.store(l.origin_pool.open_connections(), std::memory_order_relaxed);
}

void server::refresh_gauges() {
    std::size_t app = 0;
    std::size_t origin = 0;
    for (const auto& l : lanes_) {
        app += l->app_connections.load(std::memory_order_relaxed);
        origin += l->origin_connections.load(std::memory_order_relaxed);
    }
    counters_.app_connections->Set(static_cast<double>(app));
    counters_.origin_connections->Set(static_cast<double>(origin));
    counters_.client_connections->Set(connections_.load());
    counters_.decision_bytes->Set(static_cast<double>(decisions_.kept.bytes()));
    counters_.cache_size_bytes->Set(static_cast<double>(cache_.used_bytes()));
    counters_.cache_limit_bytes->Set(static_cast<double>(cache_.limit_bytes()));
    counters_.cache_objects->Set(static_cast<double>(cache_.object_count()));
    counters_.cache_blocks->Set(static_cast<double>(cache_.block_count()));
    counters_.fills_in_flight->Set(media_.fills.load());
    const auto dropped = log::dropped(); // only this, the first worker, counts
    counters_.log_dropped->Increment(static_cast<double>(dropped - std::exchange(log_dropped_, dropped)));
}

/// The places are taken before it begins, and given back with its frame, whether it ever ran or not.
awaitable<void> server::counted_session(lane& l, tcp_socket socket, admission as, client_table::place place,
                                        counted<unsigned> slot) {
    const client_table::place held_place(std::move(place));
    const counted<unsigned> held_slot(std::move(slot));
    const session_services services{l.context, l.phases, l.log, l.idle, clients_, draining_};
    co_await run_session(std::move(socket), services, as);
}

/// Makes room for a newer connection, as nginx does.
bool server::close_idle(lane& l) {
    const bool closed = l.idle.close_longest();
    if (closed) {
        counters_.client_closed->at("idle").Increment();
    }
    return closed;
}

admission server::admit(const tcp_socket& socket, client_table::place& place) {
    boost::system::error_code ec;
    const auto from = clients_.limits() ? socket.remote_endpoint(ec) : asio::ip::tcp::endpoint();
    if (!clients_.limits() || ec) {
        return admission::served;
    }
    if (session::is_trusted(settings_->trusted_proxies, from.address())) {
        return admission::trusted;
    }
    place = clients_.enter(from.address());
    if (!place) {
        counters_.client_closed->at("per_client").Increment();
        return admission::refused;
    }
    return admission::served;
}

void server::on_connection(lane& l, tcp_socket socket) {
    if (admin_reserve_->is_reserved(socket.native_handle())) {
        counters_.client_closed->at("limit").Increment();
        return; // there was none for it, but for a moment in which the admin listener took one
    }
    counted<unsigned> slot(connections_);
    if (slot.before() >= settings_->limits.connections && !close_idle(l)) {
        counters_.client_closed->at("limit").Increment();
        return; // closed with the socket: better than a queue that nobody serves
    }
    client_table::place place;
    const auto as = admit(socket, place);
    l.self.tasks.spawn(counted_session(l, std::move(socket), as, std::move(place), std::move(slot)));
}

void server::stop_listening() {
    for (auto& l : lanes_) {
        asio::post(l->self.context, [this, &l = *l] {
            for (auto& acceptor : l.acceptors) {
                boost::system::error_code ignored;
                acceptor.close(ignored);
            }
            l.idle.close_all();
            l.self.tasks.spawn(drain(l));
        });
    }
}

/// Waits for the requests and transfers of all workers, then ends what else runs on this one.
awaitable<void> server::drain(lane& l) {
    const auto until = steady_clock::now() + settings_->limits.drain_timeout;
    steady_timer timer(l.self.get_executor());
    const std::size_t ours = 2; // this coroutine and the sweep
    const bool has_admin = &l == lanes_.front().get();
    while (l.self.tasks.size() > ours) {
        if (steady_clock::now() >= until) {
            log::warn("requests were cut by the drain time-out", {{"worker", l.self.index}});
            cut_.store(true);
            l.self.context.stop();
            co_return;
        }
        l.idle.close_all();
        if (has_admin && connections_.load() == 0 && media_.fills.load() == 0) {
            stop_renewals(); // what was under way may have needed them
            close_admin();   // last: until here it tells that and why we are not ready
        }
        timer.expires_after(sweep::period);
        auto [ec] = co_await timer.async_wait(use_tuple);
        (void)ec;
    }
    bool is_looking_up = l.origin_pool.is_looking_up();
    l.origin_pool.close();
    for (auto* pool : l.app_pools()) {
        is_looking_up = is_looking_up || pool->is_looking_up();
        pool->close();
    }
    l.log.flush();
    l.self.deadlines.stop();
    if (is_looking_up) {
        cut_.store(true); // nobody waits for that answer any more
        l.self.context.stop();
    }
}

void server::stop_renewals() {
    for (const auto& [name, store] : setup_.stores) {
        for (const auto& each : store->renewals()) {
            each->stop();
        }
    }
}

void server::close_admin() {
    boost::system::error_code ignored;
    admin_->close(ignored);
    for (auto* socket : admin_sockets_) {
        socket->close(ignored);
    }
}

awaitable<void> server::await_signal(asio::basic_signal_set<executor>& signals) {
    auto [ec, number] = co_await signals.async_wait(use_tuple);
    draining_.store(true);
    log::info("draining", {{"signal", number}});
    steady_timer timer(lanes_.front()->self.get_executor(), settings_->limits.shutdown_delay);
    auto [delayed] = co_await timer.async_wait(use_tuple);
    (void)delayed;
    (void)ec;
    stop_listening();
}

/// Of all credentials of a store, in seconds since 1970; 0 where none expires.
double earliest_expiry(const origin::store& store) {
    std::optional<identity::time_point> first;
    for (const auto& each : store.renewals()) {
        const auto expires = each->status().expires;
        first = first && expires ? std::min(*first, *expires) : (expires ? expires : first);
    }
    return first ? std::chrono::duration<double>(first->time_since_epoch()).count() : 0.0;
}

/// On the first worker: signers on all of them only look at what is newest.
void server::renew_credentials() {
    lane& first = *lanes_.front();
    for (const auto& [name, store] : setup_.stores) {
        for (const auto& each : store->renewals()) {
            counters_.add_credential_metrics(name);
            auto& counters = counters_.store(name);
            identity::renewal_observer observer;
            observer.tried = [&counters](bool ok) { counters.credential_refresh->at(ok ? "ok" : "error").Increment(); };
            observer.published = [&counters, &s = *store](std::optional<identity::time_point>) {
                counters.credential_expiry->Set(earliest_expiry(s));
            };
            each->observe(std::move(observer));
            first.self.tasks.spawn(each->run(first.self.get_executor(), *identity_caller_));
        }
    }
}

int server::run() {
    const auto needed = descriptors_needed(*settings_);
    raise_descriptor_limit(needed);
    admin_reserve_.emplace(admin_reserve);
    if (const auto shortfall = descriptor_shortfall(needed)) {
        log::warn("descriptors", {{"warning", *shortfall}});
    }
    std::signal(SIGPIPE, SIG_IGN); // sendfile on a closed socket raises it
    // Before anything tells that we are there: who is told may want us to end.
    asio::basic_signal_set<executor> signals(lanes_.front()->self.get_executor(), SIGTERM, SIGINT);
    cache_.start();
    for (auto& l : lanes_) {
        l->self.tasks.spawn(l->self.deadlines.run());
        l->self.deadlines.on_tick([this, &l = *l] { tick(l); });
        tick(*l);
    }
    listen();
    listen_admin();
    for (auto& l : lanes_) {
        for (auto& acceptor : l->acceptors) {
            l->self.tasks.spawn(accept_loop(
                acceptor, [this, &l = *l](tcp_socket s) { on_connection(l, std::move(s)); },
                [this, &l = *l] { return close_idle(l); }));
        }
    }
    renew_credentials();
    lanes_.front()->self.tasks.spawn(await_signal(signals));
    std::vector<std::thread> threads;
    for (std::size_t i = 1; i < lanes_.size(); ++i) {
        threads.emplace_back([&l = *lanes_[i]] { l.self.context.run(); });
    }
    lanes_.front()->self.context.run();
    for (auto& t : threads) {
        t.join();
    }
    writes_.join();
    reads_.join();
    cache_.stop();
    log::info("stopped");
    if (cut_.load()) {
        // Requests that were cut are suspended in the middle of something, and threads that look up names cannot be
        // ended: nothing of theirs is to be unwound.
        log::stop();
        std::_Exit(0);
    }
    return 0;
}

} // namespace

int serve(std::shared_ptr<const config::config> settings) {
    server s(std::move(settings));
    return s.run();
}

} // namespace sluice::server
