#include "delivery_progress.hpp"

#include <sluice/media/attempt_rules.hpp>
#include <sluice/media/coverage_rules.hpp>
#include <sluice/media/media_head.hpp>

namespace sluice::media::detail {

namespace {

using metrics::outcome;
using coverage = cache::object::coverage;

/// Runs of a range that were in the cache when the request came; what lies behind them counts as the origin's.
constexpr std::size_t max_tracked_runs = 1024;
/// Fills that one look ahead begins, and each further connection to the store: a range full of holes does not take
/// every slot.
constexpr unsigned max_begun_at_once = 8;
/// What is sent to a client for whom bytes are being fetched before the next look at both.
constexpr std::uint64_t max_piece = 512 * 1024;
/// What the client has taken is looked at when it was sent this much more, or this part of what is ahead of it: a few
/// system calls for each window.
constexpr std::uint64_t min_look = 64 * 1024;
constexpr std::uint64_t look_part = 32;

} // namespace

coverage delivery_progress::coverage_of_all() const {
    if (!to_send.several) {
        return object->covers(to_send.bytes.first, to_send.bytes.last);
    }
    std::vector<coverage> parts;
    for (const auto& part : to_send.several->parts) {
        parts.push_back(object->covers(part.first, part.last));
    }
    return combine(parts);
}

void delivery_progress::classify() {
    if (m.x.outcome == outcome::miss) {
        return;
    }
    held = to_send.has_body ? coverage_of_all() : coverage::all;
    if (m.x.outcome == outcome::relay) {
        m.x.outcome = outcome_of(held);
        m.stored = m.x.outcome != outcome::hit;
    }
}

void delivery_progress::begin_part(const http::byte_range& part) {
    const bool is_open = m.wanted.single && m.wanted.single->kind == http::range_spec::form::open;
    wanted = part;
    position = part.first;
    window.begin(part, is_open);
    next_look = position;
    joined = false;
    waiting.reset();
    if (held == coverage::some) {
        held_runs = object->present_runs(part.first, part.last, max_tracked_runs);
    }
}

void delivery_progress::prepend_head() {
    const std::string part_head = head; // of several, else nothing
    head.clear();
    append_head(head, m, representation_of(*object), to_send);
    head += part_head;
}

void delivery_progress::after_sending(std::uint64_t first, bool succeeded, slow_reader_guard& slow) {
    if (position > first) {
        count_bytes(first, position - 1);
        last_sent = steady_clock::now();
        sent += position - first;
        give_up.reset();
        waiting.reset();
        overtaken = false;
    }
    if (!succeeded) {
        return;
    }
    if (slow.paused()) {
        slow.resume();
    } else if (is_fetched()) {
        if (position >= next_look) {
            look_at_client();
        }
        look_ahead(position);
    }
}

void delivery_progress::look_at_client() {
    const std::uint64_t queued = std::min(m.x.client.bytes_sent() - m.x.client.bytes_taken(), sent);
    pace.update(sent - queued, last_sent);
    window.move(position - std::min(queued, position - wanted.first),
                pace.ahead(first_ahead, first_window, max_window(fills.read_ahead)));
    next_look = position + std::max(window.ahead() / look_part, min_look);
}

std::uint64_t delivery_progress::piece_end(std::uint64_t last) const noexcept {
    return is_fetched() ? std::min(last, position + max_piece - 1) : last;
}

void delivery_progress::fetch_for_next(const cache::reader& r) {
    const cache::ahead_limits limits{fills.read_ahead, object->layout().block_size, m.store.pace().first_byte()};
    const std::uint64_t end = std::min(
        cache::read_to(r.preceding(), wanted.first, wanted.last, steady_clock::now(), limits), object->info().size);
    std::uint64_t from = wanted.last + 1;
    for (unsigned begun = 0; begun < most_begun() && from < end; ++begun) {
        const auto gap = object->gap(from, end - 1);
        if (gap.empty()) {
            return;
        }
        const std::uint64_t piece = piece_of(gap.end - gap.begin, m.store.settings().parallel);
        from = std::min(gap.end, gap.begin + piece);
        fill_for_later(fills, m.store, object, gap.begin, from - 1);
    }
}

unsigned delivery_progress::most_begun() const noexcept {
    return max_begun_at_once + 2 * (m.store.settings().parallel - 1);
}

void delivery_progress::look_ahead(std::uint64_t from) {
    for (unsigned begun = 0; begun < most_begun(); ++begun) {
        const auto ahead = window.look_ahead(from);
        if (!ahead) {
            return;
        }
        const auto gap = object->gap(ahead->first, ahead->last);
        const auto next = window.fetch_ahead(position, gap.begin, gap.end);
        if (!next) {
            return;
        }
        read_ahead(fills, m.store, object, next->first, next->last);
    }
}

steady_clock::time_point delivery_progress::give_up_time() {
    if (!give_up) {
        give_up = give_up_after(m.x.head_sent, m.give_up, last_sent, steady_clock::now(), m.store.patience(),
                                m.store.fetch_timeout());
    }
    return *give_up;
}

/// Bytes that were there when the request came are the cache's; what came on its account, or with it, the origin's.
void delivery_progress::count_bytes(std::uint64_t first, std::uint64_t last) {
    const std::uint64_t length = last - first + 1;
    const std::uint64_t from_cache = held == coverage::all    ? length
                                     : held == coverage::none ? 0
                                                              : bytes_within(held_runs, first, last);
    m.x.bytes.cache += from_cache;
    m.x.bytes.origin += length - from_cache;
}

} // namespace sluice::media::detail
