#include "rest_of_page.hpp"

#include <sluice/session/disconnect_watch.hpp>

#include "direct_question.hpp"

#include <algorithm>
#include <optional>
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

/// How long to wait for a store that answers as usual.
steady_clock::duration patience_with(origin::store& s) {
    return max_answers * s.pace().first_byte() + min_patience;
}

/// The next bytes at `position`; none where they are not to be had here.
awaitable<std::string_view> next_bytes(delivery_progress& d, direct_answer& from, std::vector<char>& buffer,
                                       const session::disconnect_watch& watch) {
    if (from.alone) {
        buffer.resize(max_read);
        const auto n = co_await from.alone->read(asio::buffer(buffer));
        co_return n ? std::string_view(buffer.data(), n.value()) : std::string_view();
    }
    const auto until = steady_clock::now() + patience_with(d.m.store);
    for (;;) {
        const auto s = from.shared->next(d.position);
        if (s.what == memory_span::kind::readable) {
            co_return s.bytes;
        }
        if (s.what != memory_span::kind::wait || steady_clock::now() >= until || watch.client_gone()) {
            co_return std::string_view();
        }
        co_await from.shared->wait(until);
    }
}

void interrupt(direct_answer& from) {
    if (from.shared) {
        from.shared->interrupt();
    } else {
        from.alone->abort();
    }
}

/// Sends what comes, up to `last`. Origin's errors end it early.
awaitable<result<void>> pass_on(delivery_progress& d, direct_answer& from, std::uint64_t last) {
    media_request& m = d.m;
    std::vector<char> buffer;
    if (from.shared) {
        from.shared->want({d.position, last});
    }
    session::disconnect_watch watch(
        m.x, [](void* answer) { interrupt(*static_cast<direct_answer*>(answer)); }, &from);
    while (d.position <= last) {
        std::optional<session::origin_wait> waiting(std::in_place, m.x);
        const std::string_view bytes = co_await next_bytes(d, from, buffer, watch);
        waiting.reset();
        if (watch.client_gone()) {
            co_return session::client_gone();
        }
        if (bytes.empty()) {
            break;
        }
        if (!m.x.head_sent) {
            d.prepend_head();
        }
        m.x.note_head_sent();
        const std::string head = std::exchange(d.head, {});
        auto sent = co_await m.x.client.write(head, bytes);
        if (!sent) {
            co_return sent;
        }
        d.position += bytes.size();
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
    // What is tried instead of waiting takes no longer than that would.
    const auto give_up = std::min(d.give_up_time(), steady_clock::now() + patience_with(m.store));
    const known_version version{d.object->info().version.value, d.object->info().size};
    const http::byte_range rest{s.first, last};
    auto got = co_await ask_beside_fill(d.fills, m, version, rest, give_up);
    if (!got) {
        co_return result<void>();
    }
    if (!got.value().joined) {
        auto& counters = m.x.worker.counters;
        counters.fill_overlaps->Increment();
        counters.fill_overlap_bytes->Increment(static_cast<double>(got.value().head().bytes.length()));
    }
    auto sent = co_await pass_on(d, got.value(), last);
    got.value().finish();
    co_return sent;
}

} // namespace sluice::media::detail
