#include "missing_bytes.hpp"

#include <sluice/media/join_rules.hpp>
#include <sluice/origin/retry_rules.hpp>

#include "rest_of_page.hpp"

#include <algorithm>
#include <utility>

namespace sluice::media::detail {

namespace {

/// Whether to wait on is not decided anew more often than this.
constexpr std::chrono::milliseconds min_wait{20};

error no_data() {
    return {errc::timeout, error_source::origin, false, "no data from the store within its timeout"};
}

/// Begins a fill for the bytes at `s`, which `r` waits for. Errors: `connection_lost` where the client leaves
/// meanwhile; the fill then goes on where others wait for it.
awaitable<result<void>> fetch(delivery_progress& d, cache::reader& r, const cache::span& s, claim_kind claim) {
    media_request& m = d.m;
    const auto give_up = d.give_up_time();
    if (steady_clock::now() >= give_up) {
        co_return no_data();
    }
    const std::uint64_t last = std::min(s.last, d.window.next_end(s.first));
    if (d.window.is_at_once()) {
        d.look_ahead(last + 1); // the gaps behind this one, before anything is waited for
    }
    session::disconnect_watch watch(
        m.x, [](void* waits) { static_cast<cache::reader*>(waits)->suspend(); }, &r);
    const session::origin_wait waiting(m.x);
    auto begun = co_await begin_fill(d.fills, m.store, d.object, s.first, last, give_up, claim);
    if (begun && begun.value() == fill_start::started) {
        m.fetched = true;
        m.origin_status = 206;
    }
    if (watch.client_gone() && (begun || begun.error().code == errc::canceled)) {
        co_return session::client_gone();
    }
    co_return begun ? result<void>() : begun.error();
}

/// How the reader comes to its next byte, for which it would have to wait.
approach approach_to(delivery_progress& d, const cache::span& s) {
    if (d.overtaken || !s.ahead) {
        return approach::join;
    }
    const auto& fill = *s.ahead;
    const own_request own{d.m.store.pace().first_byte(), d.m.store.pace().cautious_each()};
    const auto now = steady_clock::now();
    if (!d.waiting || d.waiting->second < fill.distance) { // another fill comes now
        d.waiting.emplace(now, fill.distance);
    }
    origin::byte_time each(fill.byte_time);
    if (!d.has_begun()) { // a transfer that stands still later is its fill's to resume
        const auto waited = waited_beyond_first_byte(d.waiting->first, fill.first_byte, now, own);
        each = seen_byte_time(each, d.waiting->second - fill.distance, waited, own);
    }
    const auto until_first_byte = std::max(fill.first_byte - now, steady_clock::duration::zero());
    const auto how = choose_approach({fill.distance, until_first_byte, each}, d.position % cache::page_size, own);
    if (how == approach::join) {
        return how;
    }
    if (d.m.coded) { // the encoder reads files
        return approach::ask_page;
    }
    // For a few bytes no fill is cut, whose own bytes in the sockets would be lost with it.
    const bool ends_in_page = d.position / cache::page_size == d.wanted.last / cache::page_size;
    return ends_in_page ? approach::ask_inside : how;
}

/// Waits for a fill to bring more; before the first byte no longer than until it should be decided anew whether to.
/// Errors: `connection_lost` where the client leaves meanwhile, `timeout` where the time for a first byte is over.
awaitable<result<void>> wait_for_fill(delivery_progress& d, cache::reader& r,
                                      std::optional<session::disconnect_watch>& watch) {
    media_request& m = d.m;
    if (!m.fetched && !d.joined) {
        d.joined = true;
        m.collapsed = true;
        m.x.worker.counters.fill_joins->Increment();
    }
    m.x.client.timer().clear(); // the fill has time-outs of its own
    if (!watch) {
        watch.emplace(
            m.x, [](void* waiting) { static_cast<cache::reader*>(waiting)->interrupt(); }, &r);
    }
    const auto now = steady_clock::now();
    if (!m.x.head_sent && now >= d.give_up_time()) {
        co_return no_data();
    }
    auto until = m.x.head_sent ? steady_clock::time_point::max() : d.give_up_time();
    if (!d.has_begun()) {
        until = std::min(until, now + std::max<steady_clock::duration>(m.store.pace().first_byte(), min_wait));
    }
    const session::origin_wait waiting(m.x);
    co_await r.wait_until(until);
    if (watch->client_gone()) {
        co_return session::client_gone();
    }
    co_return result<void>();
}

/// Waits for the fill that comes to the byte at `s`, or takes its place where that is sooner.
awaitable<result<void>> wait_or_overtake(delivery_progress& d, cache::reader& r, const cache::span& s,
                                         slow_reader_guard& slow, std::optional<session::disconnect_watch>& watch) {
    d.m.x.client.limit_queue(max_queue);
    const approach how = approach_to(d, s);
    if (how == approach::join) {
        co_return co_await wait_for_fill(d, r, watch);
    }
    d.overtaken = true;
    if (how == approach::ask_page) {
        const auto begun = co_await fetch(d, r, s, claim_kind::overtake);
        const bool client_left = !begun && begun.error().source == error_source::client;
        co_return client_left ? begun : result<void>(); // where it cannot be, the fill is waited for
    }
    auto sent = co_await send_rest_of_page(d, s);
    d.after_sending(s.first, sent.has_value(), slow);
    // Where that failed or broke, the fill brings the rest: a store that breaks after each byte is not asked for each.
    d.overtaken = d.position <= d.wanted.last && (d.position == s.first || d.position % cache::page_size != 0);
    co_return sent;
}

/// After a fill that was not this client's own has failed: while there is time, one of its own may be tried.
awaitable<result<void>> wait_to_retry(delivery_progress& d, error e) {
    if (!e.retryable || steady_clock::now() >= d.give_up_time()) {
        co_return e;
    }
    co_await origin::back_off(origin::back_off_after(1));
    co_return result<void>();
}

} // namespace

awaitable<result<void>> obtain(delivery_progress& d, cache::reader& r, const cache::span& s,
                               const std::shared_ptr<cache::file>& data, slow_reader_guard& slow,
                               std::optional<session::disconnect_watch>& watch) {
    switch (s.what) {
    case cache::span::kind::unverified:
        return d.fills.cache.verify(d.object, data, s.first, s.last);
    case cache::span::kind::absent:
        return fetch(d, r, s, claim_kind::missing);
    case cache::span::kind::failed:
        return wait_to_retry(d, s.outcome.error());
    default:
        return wait_or_overtake(d, r, s, slow, watch);
    }
}

} // namespace sluice::media::detail
