#include "rest_of_page.hpp"

#include <sluice/media/fill_rules.hpp>
#include <sluice/session/disconnect_watch.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::media::detail {

namespace {

/// How long the origin may take for its answer: so many times as usual, and a little.
constexpr int max_answers = 4;
constexpr std::chrono::milliseconds min_patience{100};
/// What one read of the origin takes at most.
constexpr std::size_t max_read = 16 * 1024;

/// Sends what comes. Origin's errors end it early.
awaitable<result<void>> pass_on(delivery_progress& d, origin::fetched& from) {
    media_request& m = d.m;
    std::vector<char> buffer(max_read);
    session::disconnect_watch watch(
        m.x, [](void* answer) { static_cast<origin::fetched*>(answer)->abort(); }, &from);
    while (from.remaining() > 0) {
        const auto n = co_await from.read(asio::buffer(buffer));
        if (watch.client_gone()) {
            co_return session::client_gone();
        }
        if (!n) {
            break;
        }
        if (!m.x.head_sent) {
            d.prepend_head();
        }
        m.x.note_head_sent();
        const std::string head = std::exchange(d.head, {});
        const std::string_view piece(buffer.data(), n.value());
        auto sent = co_await m.x.client.write(head, piece);
        if (!sent) {
            co_return sent;
        }
        d.position += n.value();
    }
    co_return result<void>();
}

} // namespace

awaitable<result<void>> send_rest_of_page(delivery_progress& d, const cache::span& s) {
    media_request& m = d.m;
    const std::uint64_t page_end = d.object->layout().page_end(static_cast<std::size_t>(s.first / cache::page_size));
    const std::uint64_t last = std::min(page_end - 1, d.wanted.last);
    const std::uint64_t last_behind = std::min(s.last, d.window.next_end(s.first));
    if (last_behind >= page_end) { // with this page: who comes to it later follows that fill
        overtake_ahead(d.fills, m.store, d.object, cache::page_begin(s.first), last_behind);
    }
    const auto began = steady_clock::now();
    // What is tried instead of waiting takes no longer than that would.
    const auto give_up = std::min(d.give_up_time(), began + max_answers * m.store.pace().first_byte() + min_patience);
    auto request = request_for_version(d.object->info(), s.first, last, give_up);
    request.is_wanted = [] { return false; }; // the fill is still there
    auto got = co_await origin::fetch(d.fills.origin_pool, m.store, request);
    m.x.origin_time += steady_clock::now() - began;
    if (!got || !check_has_body(got.value().head()) || !check_resumes(got.value().head(), s.first)) {
        co_return result<void>();
    }
    m.fetched = true;
    m.origin_status = got.value().head().status;
    auto& counters = m.x.worker.counters;
    counters.fill_overlaps->Increment();
    counters.fill_overlap_bytes->Increment(static_cast<double>(got.value().remaining()));
    auto sent = co_await pass_on(d, got.value());
    got.value().finish();
    co_return sent;
}

} // namespace sluice::media::detail
