#include <sluice/base/async_event.hpp>
#include <sluice/base/log.hpp>
#include <sluice/net/resolver.hpp>

#include <boost/asio/ip/basic_resolver.hpp>

#include <algorithm>
#include <map>

namespace sluice::net {

struct resolver::state {
    struct entry {
        std::vector<asio::ip::address> addresses;
        steady_clock::time_point expires{steady_clock::time_point::min()};
        bool looking_up{false};
        std::vector<std::shared_ptr<async_event>> waiters;
        std::string failure;
    };

    explicit state(worker& w)
        : owner(w)
        , lookup(w.get_executor()) {}

    worker& owner;
    asio::ip::basic_resolver<asio::ip::tcp, executor> lookup;
    std::map<std::string, entry> entries;
    bool canceled{false};
};

namespace {

/// How long after a failed look-up, whose old answer still serves, the next is tried.
constexpr std::chrono::seconds retry_after{5};

error failed(errc code, std::string detail) {
    return {code, error_source::internal, true, std::move(detail)};
}

error canceled() {
    return {errc::canceled, error_source::internal, false, {}};
}

/// Starts a look-up that outlives its caller; it holds `s` until it ends.
template <class State>
void look_up(const std::shared_ptr<State>& s, const std::string& host, typename State::entry& e) {
    s->lookup.async_resolve(host, "", [s, host](const boost::system::error_code& ec, const auto& results) {
        auto& found = s->entries[host];
        found.looking_up = false;
        if (!ec && !results.empty()) {
            found.addresses.clear();
            for (const auto& r : results) {
                found.addresses.push_back(r.endpoint().address());
            }
            found.expires = steady_clock::now() + resolver::ttl;
            found.failure.clear();
        } else {
            found.failure = ec ? ec.message() : "no address";
            found.expires = steady_clock::now();
            if (!found.addresses.empty()) {
                found.expires += retry_after;
            }
            log::warn("name resolution failed",
                      {{"host", host}, {"error", found.failure}, {"stale", !found.addresses.empty()}});
        }
        for (auto& waiter : std::exchange(found.waiters, {})) {
            waiter->notify();
        }
    });
    e.looking_up = true; // behind what may throw; the handler does not run before this thread goes on
}

} // namespace

resolver::resolver(worker& w)
    : state_(std::make_shared<state>(w)) {}

resolver::~resolver() {
    state_->lookup.cancel();
}

awaitable<result<std::vector<asio::ip::address>>> resolver::resolve(std::string host, steady_clock::time_point deadline,
                                                                    request_canceler* canceler) {
    using addresses = std::vector<asio::ip::address>;
    boost::system::error_code ec;
    const auto numeric = asio::ip::make_address(host, ec);
    if (!ec) {
        co_return addresses{numeric};
    }
    const auto s = state_;
    auto& e = s->entries[host]; // entries are never erased: the reference stays good
    const auto now = steady_clock::now();
    if (now >= e.expires && !e.looking_up && !s->canceled) {
        look_up(s, host, e);
    }
    // Just past its life an answer serves while the new one is fetched; one that lay unused for longer does not.
    if (!e.addresses.empty() && now < e.expires + ttl) {
        co_return e.addresses;
    }
    if (s->canceled) {
        co_return canceled();
    }
    if (e.looking_up) {
        auto woken = std::make_shared<async_event>(s->owner.get_executor());
        const pending_scope pending(canceler, async_event::notify_at, woken.get());
        e.waiters.push_back(woken);
        co_await woken->wait_until(deadline);
        std::erase(e.waiters, woken);
        if (s->canceled || is_canceled(canceler)) {
            co_return canceled();
        }
    }
    if (!e.addresses.empty()) {
        co_return e.addresses;
    }
    if (e.looking_up) {
        co_return failed(errc::timeout, "resolving " + host + " took too long");
    }
    co_return failed(errc::resolve_failed, "resolving " + host + ": " + e.failure);
}

void resolver::cancel() {
    state_->canceled = true;
    for (auto& [host, e] : state_->entries) {
        for (auto& waiter : e.waiters) {
            waiter->notify();
        }
    }
}

bool resolver::is_looking_up() const noexcept {
    return std::ranges::any_of(state_->entries, [](const auto& each) { return each.second.looking_up; });
}

void resolver::put_last(const std::string& host, const asio::ip::address& address) {
    const auto found = state_->entries.find(host);
    if (found == state_->entries.end()) {
        return;
    }
    auto& list = found->second.addresses;
    const auto at = std::ranges::find(list, address);
    if (at != list.end()) {
        std::rotate(at, at + 1, list.end());
    }
}

} // namespace sluice::net
