#include <sluice/base/assert.hpp>
#include <sluice/net/connection_pool.hpp>

#include "socket_connection.hpp"

#include <list>
#include <utility>
#include <vector>

namespace sluice::net {
namespace {

/// How often idle connections are checked for a peer that closed.
constexpr std::chrono::seconds check_period{1};

/// How long a connection is not used again where its last response may be followed by content that does not belong
/// there: a server that sends it does so with the response or right behind it. Short enough that many such responses a
/// second (hundreds, with the usual number of idle connections) need no new connections.
constexpr std::chrono::milliseconds cooldown = 2 * deadline_service::period;

struct idle_connection {
    std::unique_ptr<connection> held;
    steady_clock::time_point usable; ///< not before
    steady_clock::time_point expires;
};

} // namespace

/// What is shared by all connections to one place.
struct connection_pool::group {
    explicit group(const peer& p)
        : server(p)
        , session(std::make_shared<tls_session>()) {}

    peer server;
    std::shared_ptr<tls_session> session;
    std::vector<idle_connection> idle; ///< the one used last at the back
};

struct connection_pool::impl {
    impl(worker& w, std::size_t max, std::chrono::milliseconds timeout, std::shared_ptr<const proxy_settings> p)
        : owner(w)
        , proxies(std::move(p))
        , names(w)
        , max_idle(max)
        , idle_timeout(timeout) {}

    group& of(const peer& p);
    void expire();

    worker& owner;
    std::shared_ptr<const proxy_settings> proxies;
    resolver names;
    std::size_t max_idle;
    std::chrono::milliseconds idle_timeout;
    std::list<group> groups; // few: the app and the stores. Never erased: leases point to them
    const std::shared_ptr<pool_connections> open{std::make_shared<pool_connections>()};
    steady_clock::time_point last_check{};
    bool closed{false};
};

connection_pool::group& connection_pool::impl::of(const peer& p) {
    for (auto& g : groups) {
        if (g.server.same_endpoint(p)) {
            return g;
        }
    }
    return groups.emplace_back(p);
}

void connection_pool::impl::expire() {
    const auto now = owner.deadlines.now();
    if (now - last_check < check_period) {
        return;
    }
    last_check = now;
    for (auto& g : groups) {
        std::erase_if(g.idle, [now](idle_connection& c) { return c.expires <= now || !c.held->is_idle(); });
    }
}

connection_pool::connection_pool(worker& w, std::size_t max_idle, std::chrono::milliseconds idle_timeout,
                                 std::shared_ptr<const proxy_settings> proxies)
    : impl_(std::make_shared<impl>(w, max_idle, idle_timeout, std::move(proxies))) {
    // The service has no way to forget a function: the pool may be gone when it is called.
    w.deadlines.on_tick([weak = std::weak_ptr<impl>(impl_)] {
        if (const auto alive = weak.lock()) {
            alive->expire();
        }
    });
}

connection_pool::~connection_pool() = default;

awaitable<result<lease>> connection_pool::acquire(const peer& p, acquire_mode mode, request_canceler* canceler) {
    SLUICE_ASSERT(impl_->owner.is_current());
    if (impl_->open->canceled || is_canceled(canceler)) {
        co_return error{errc::canceled, p.source, false};
    }
    auto& g = impl_->of(p);
    const auto now = impl_->owner.deadlines.now();
    for (auto it = g.idle.end(); mode == acquire_mode::reuse && it != g.idle.begin();) {
        --it;
        if (it->usable > now) {
            continue;
        }
        auto last = std::move(*it);
        it = g.idle.erase(it);
        // Always checked, however short it was idle: what came unasked would be read as the response to this request.
        if (last.expires > now && last.held->is_idle()) {
            co_return lease(this, &g, std::move(last.held));
        }
    }
    const auto* via = impl_->proxies ? impl_->proxies->proxy_for(p) : nullptr;
    auto made = co_await open_connection(impl_->owner, impl_->names, p, via, g.session, impl_->open, canceler);
    if (impl_->open->canceled || is_canceled(canceler)) {
        co_return error{errc::canceled, p.source, false};
    }
    if (!made) {
        co_return made.error();
    }
    co_return lease(this, &g, std::move(*made));
}

void connection_pool::put(group& g, std::unique_ptr<connection> c) {
    SLUICE_ASSERT(impl_->owner.is_current());
    SLUICE_ASSERT(impl_->open->count.load(std::memory_order_relaxed) > g.idle.size()); // this one is open as well
    if (impl_->closed || g.idle.size() >= impl_->max_idle) {
        c->close();
        return;
    }
    auto keep = impl_->idle_timeout;
    if (c->keep_alive_hint.count() > 0) {
        // Sooner than the peer, so that no request crosses its close.
        keep = std::min(keep, c->keep_alive_hint - c->keep_alive_hint / 4);
    }
    c->timer().clear();
    ++c->uses;
    const auto now = impl_->owner.deadlines.now();
    const auto usable = std::exchange(c->needs_cooldown, false) ? now + cooldown : now;
    g.idle.push_back({std::move(c), usable, now + keep});
}

void connection_pool::cancel() {
    SLUICE_ASSERT(impl_->owner.is_current());
    close();
    impl_->open->canceled = true;
    impl_->names.cancel();
    for (auto* each : impl_->open->all) {
        each->close();
    }
}

bool connection_pool::canceled() const noexcept {
    return impl_->open->canceled;
}

worker& connection_pool::owner() const noexcept {
    return impl_->owner;
}

void connection_pool::close() {
    impl_->closed = true;
    for (auto& g : impl_->groups) {
        for (auto& c : g.idle) {
            c.held->close();
        }
        g.idle.clear();
    }
}

bool connection_pool::is_looking_up() const noexcept {
    return impl_->names.is_looking_up();
}

std::size_t connection_pool::open_connections() const noexcept {
    return impl_->open->count.load(std::memory_order_relaxed);
}

lease::lease(connection_pool* pool, connection_pool::group* group, std::unique_ptr<connection> c)
    : pool_(pool)
    , group_(group)
    , connection_(std::move(c)) {}

void lease::give_back() {
    if (connection_) {
        pool_->put(*group_, std::move(connection_));
    }
}

} // namespace sluice::net
