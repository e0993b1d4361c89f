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

/// What one read of the origin takes at most.
constexpr std::size_t max_read = 16 * 1024;

/// The pages from `first` on, of the running fill or nobody's: fetched from the same moment on.
void fetch_behind(delivery_progress& d, std::uint64_t first, std::uint64_t last) {
    const auto gap = d.object->gap(first, last);
    if (gap.begin == first && !gap.empty()) {
        read_ahead(d.fills, d.m.store, d.object, first, gap.end - 1);
    } else {
        overtake_ahead(d.fills, d.m.store, d.object, first, last);
    }
}

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
    const auto& info = d.object->info();
    const std::uint64_t page_end = d.object->layout().page_end(static_cast<std::size_t>(s.first / cache::page_size));
    const std::uint64_t last = std::min(page_end - 1, d.wanted.last);
    const std::uint64_t last_behind = std::min(s.last, d.window.next_end(s.first));
    if (last_behind >= page_end) {
        fetch_behind(d, page_end, last_behind);
    }
    const auto began = steady_clock::now();
    auto request = request_for_version(info, s.first, last, d.give_up_time());
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
