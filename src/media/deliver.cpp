#include <sluice/base/scratch.hpp>
#include <sluice/media/deliver.hpp>
#include <sluice/media/fill.hpp>
#include <sluice/media/lookup.hpp>
#include <sluice/media/media_head.hpp>
#include <sluice/media/send_file.hpp>
#include <sluice/media/window.hpp>
#include <sluice/session/disconnect_watch.hpp>

#include <algorithm>
#include <utility>

namespace sluice::media {

namespace {

using metrics::outcome;

/// What of an object was there is remembered in this many pieces at most; what lies behind counts as the origin's.
constexpr std::size_t most_held_runs = 1024;

/// Transfers begun for one response after its head, where others failed; a bound against a store that breaks each.
constexpr int most_restarts = 8;

/// One client on its way through a cached version.
struct delivery {
    media_request& m;
    std::shared_ptr<cache::object> object;
    plan to_send;
    scratch room{};
    std::string& head{room.text}; ///< not sent yet
    http::byte_range bytes{};     ///< what is sent now: all of it, or a part
    std::uint64_t position{0};
    std::uint64_t window{first_window}; ///< the next one
    int restarts{0};
    std::uint64_t asked_to{0};                                   ///< read-ahead was begun up to here
    cache::object::coverage held{cache::object::coverage::none}; ///< of what is sent, when the request came
    std::vector<cache::object::run> held_runs{};                 ///< where that is `some`
};

using coverage = cache::object::coverage;

std::uint64_t largest_window(const delivery& d) {
    return std::max(d.m.worker.shared.read_ahead, first_window);
}

coverage coverage_of(const delivery& d) {
    if (!d.to_send.several) {
        return d.object->covers(d.to_send.bytes.first, d.to_send.bytes.last);
    }
    std::optional<coverage> all;
    for (const auto& bytes : d.to_send.several->parts) {
        const auto one = d.object->covers(bytes.first, bytes.last);
        all = !all || *all == one ? one : coverage::some;
    }
    return *all;
}

void classify(delivery& d) {
    media_request& m = d.m;
    if (m.x.outcome == outcome::miss) {
        d.window = std::min(2 * first_window, largest_window(d)); // the look-up began with the first
        return;
    }
    d.held = d.to_send.has_body ? coverage_of(d) : coverage::all;
    if (m.x.outcome == outcome::relay) {
        m.x.outcome = d.held == coverage::all    ? outcome::hit
                      : d.held == coverage::some ? outcome::partial
                                                 : outcome::miss;
        m.stored = m.x.outcome != outcome::hit;
    }
}

/// Turns to one of the ranges. `d.held` is what of it was there when the request came.
void begin_part(delivery& d, const http::byte_range& bytes) {
    d.bytes = bytes;
    d.position = bytes.first;
    d.asked_to = 0;
    if (d.held == coverage::some) {
        d.held_runs = d.object->present_runs(bytes.first, bytes.last, most_held_runs);
    }
}

/// Whether the client named an end that one window reaches.
bool is_named_short(const delivery& d) {
    const bool open = d.m.range && d.m.range->kind == http::range_spec::form::open;
    return !open && fits_one_window(d.bytes.first, d.bytes.last, d.m.worker.shared.read_ahead);
}

/// How far a transfer that begins at `first` goes: to the end of what the client named, else of the window.
std::uint64_t fill_end(delivery& d, std::uint64_t first) {
    if (is_named_short(d)) {
        return d.bytes.last;
    }
    const std::uint64_t end = first + d.window - 1;
    d.window = std::min(d.window * 2, largest_window(d));
    return std::min(end, d.bytes.last);
}

/// Where windows are fetched: fetch on when half of the window is used up, so that the next bytes are there when they
/// are due.
void look_ahead(delivery& d) {
    if (is_named_short(d) || d.position > d.bytes.last) {
        return;
    }
    const std::uint64_t half = std::min(d.position + d.window / 2, d.bytes.last);
    const std::uint64_t from = std::max(d.position, d.asked_to);
    if (from > half) {
        return;
    }
    const auto gap = d.object->gap(from, half);
    if (gap.begin == gap.end || gap.begin <= d.position) {
        return; // the reader is there itself: its own fill waits for the origin in the foreground
    }
    const std::uint64_t last = fill_end(d, gap.begin);
    d.asked_to = last + 1;
    read_ahead({d.m.x.worker, d.m.worker, d.m.store}, d.object, gap.begin, last);
}

/// Bytes that were there when the request came are the cache's; what came on its account, or with it, the origin's.
void count_bytes(delivery& d, const cache::span& s) {
    auto& bytes = d.m.x.bytes;
    if (d.held != coverage::some) {
        (d.held == coverage::all ? bytes.cache : bytes.origin) += s.last - s.first + 1;
        return;
    }
    std::uint64_t held = 0;
    const auto first = std::ranges::upper_bound(d.held_runs, s.first, {}, &cache::object::run::end);
    for (auto r = first; r != d.held_runs.end() && r->begin <= s.last; ++r) {
        held += std::min(s.last + 1, r->end) - std::max(s.first, r->begin);
    }
    bytes.cache += held;
    bytes.origin += s.last - s.first + 1 - held;
}

awaitable<std::optional<error>> fetch_missing(delivery& d, const cache::span& s) {
    if (d.m.x.head_sent && ++d.restarts > most_restarts) {
        co_return error{errc::store_error, error_source::origin, false, "too many transfers failed"};
    }
    const auto give_up = d.m.x.head_sent ? steady_clock::now() + d.m.store.patience() : d.m.give_up;
    const auto began = steady_clock::now();
    const fill_source from{d.m.x.worker, d.m.worker, d.m.store};
    const std::uint64_t last = std::min(s.last, fill_end(d, s.first));
    auto begun = co_await begin_fill(from, d.object, s.first, last, give_up);
    d.m.origin_time += steady_clock::now() - began;
    if (!begun) {
        co_return begun.error();
    }
    if (begun.value()) {
        d.m.fetched = true;
        d.m.origin_status = 206;
    }
    co_return std::nullopt;
}

/// Something failed on the way. Where the cache is what is in the way, the origin can still be asked directly.
awaitable<delivered> give_up(delivery& d, error e) {
    if (is_changed(e.code)) {
        d.m.worker.shared.cache.retire(d.object);
    }
    if (d.m.x.head_sent && is_uncacheable(e.code) && d.position <= d.bytes.last) {
        d.m.x.detail = to_string(e.code);
        const http::byte_range left{d.position, d.bytes.last};
        auto rest = co_await continue_direct(d.m, left, d.object->info(), d.head);
        if (rest) {
            co_return delivered{};
        }
        e = rest.error();
    }
    co_return delivered{std::move(e)};
}

/// Sends the next piece of what is readable up to `last` through the encoder. While the client takes it, nothing of the
/// cache is held.
awaitable<result<void>> send_coded(delivery& d, cache::reader& r, int fd, std::uint64_t last) {
    last = std::min(last, d.position + coded_piece - 1);
    auto coded = co_await d.m.coded->put_file(d.m.worker.shared.reads, fd, d.position, last, d.head);
    r.release();
    if (!coded) {
        co_return coded;
    }
    d.position = last + 1;
    if (d.head.empty()) { // the encoder still has it
        co_return coded;
    }
    d.m.x.note_head_sent();
    auto sent = co_await d.m.x.client.write(d.head);
    d.head.clear();
    co_return sent;
}

/// Sends `d.bytes`; `hold` is let go once its own reader is there.
awaitable<delivered> send_part(delivery& d, std::shared_ptr<cache::file> data, std::unique_ptr<cache::reader> hold) {
    media_request& m = d.m;
    cache::reader r(d.object, m.x.worker.self.get_executor(), d.bytes.first, d.bytes.last);
    hold.reset();
    reader_rest rest(m.x, r);
    std::optional<session::disconnect_watch> watch; // made when first needed: a hit never waits
    bool joined = false;
    while (d.position <= d.bytes.last) {
        cache::span s = r.next(d.position);
        std::optional<error> failure;
        switch (s.what) {
        case cache::span::kind::readable: {
            if (!m.x.head_sent) {
                const std::string part = d.head; // of several, else nothing
                d.head.clear();
                append_head(d.head, m, representation_of(*d.object), d.to_send);
                d.head += part;
            }
            result<void> sent;
            if (m.coded) {
                auto piece = co_await send_coded(d, r, data->fd(), s.last);
                sent = std::move(piece);
            } else {
                auto bytes =
                    co_await send_file(m.x, m.worker.shared.reads, data->fd(), d.position, s.last, d.head, &rest);
                sent = std::move(bytes);
            }
            if (d.position > s.first) {
                s.last = d.position - 1;
                count_bytes(d, s);
                d.restarts = 0;
            }
            if (sent && rest.rests()) {
                rest.resume();
                d.window = first_window; // no more for it than it takes
            } else if (sent) {
                look_ahead(d);
            } else {
                failure = sent.error();
            }
            break;
        }
        case cache::span::kind::unverified: {
            auto checked = co_await m.worker.shared.cache.verify(d.object, data, s.first, s.last);
            if (!checked) {
                failure = checked.error();
            }
            break;
        }
        case cache::span::kind::wait:
            if (!m.fetched && !joined) {
                joined = true;
                m.collapsed = true;
                m.worker.shared.counters.fill_joins->Increment();
            }
            m.x.client.timer().clear(); // the transfer has time-outs of its own
            if (!watch) {
                watch.emplace(
                    m.x, [](void* waiting) { static_cast<cache::reader*>(waiting)->interrupt(); }, &r);
            }
            co_await r.wait();
            if (watch->client_gone()) {
                failure = error{errc::connection_lost, error_source::client, false, "client gone"};
            }
            break;
        case cache::span::kind::absent: {
            auto missing = co_await fetch_missing(d, s);
            failure = std::move(missing);
            break;
        }
        case cache::span::kind::failed:
            failure = s.outcome.error();
            break;
        }
        if (failure) {
            r.rest(); // nothing more is wanted of the cache, whatever comes of the rest
            auto end = co_await give_up(d, std::move(*failure));
            co_return end;
        }
    }
    co_return delivered{};
}

/// Several ranges, each between its own delimiters.
awaitable<delivered> send_several(delivery& d, std::shared_ptr<cache::file> data, std::unique_ptr<cache::reader> hold) {
    const multipart& several = *d.to_send.several;
    const bool something_held = d.held != coverage::none;
    for (std::size_t i = 0; i < several.parts.size(); ++i) {
        d.head = several.part_head(i);
        const auto& bytes = several.parts[i];
        d.held = something_held ? d.object->covers(bytes.first, bytes.last) : coverage::none;
        begin_part(d, bytes);
        auto first_hold = std::exchange(hold, nullptr);
        auto part = co_await send_part(d, data, std::move(first_hold));
        if (part.failure) {
            co_return part;
        }
    }
    const std::string closing = several.closing();
    auto sent = co_await d.m.x.client.write(closing);
    co_return delivered{sent ? std::nullopt : std::optional<error>(sent.error())};
}

} // namespace

awaitable<delivered> deliver_cached(media_request& m, std::shared_ptr<cache::object> o,
                                    std::unique_ptr<cache::reader> hold) {
    delivery d{m, o, make_delivery_plan(m, representation_of(*o))};
    classify(d);
    if (!d.to_send.has_body) {
        append_head(d.head, m, representation_of(*o), d.to_send);
        m.x.note_head_sent();
        auto sent = co_await m.x.client.write(d.head);
        co_return delivered{sent ? std::nullopt : std::optional<error>(sent.error())};
    }
    auto data = co_await m.worker.shared.cache.open(o);
    if (!data) {
        co_return delivered{data.error()};
    }
    if (d.to_send.several) {
        auto all = co_await send_several(d, data.value(), std::move(hold));
        co_return all;
    }
    begin_part(d, d.to_send.bytes);
    auto all = co_await send_part(d, data.value(), std::move(hold));
    co_return all;
}

} // namespace sluice::media
