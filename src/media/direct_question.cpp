#include "direct_question.hpp"

#include <sluice/media/lookup.hpp>
#include <sluice/session/watched_flight.hpp>

#include "client_fetch.hpp"
#include "memory_join.hpp"
#include "memory_task.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::media::detail {

namespace {

/// What is asked of the origin, past the cache because of `why`.
struct question {
    std::optional<http::range_spec> range{};
    const known_version* version{nullptr}; ///< what alone is wanted; nullptr: any
    http::byte_range bytes{};              ///< likewise, of that
    errc why{};
    std::optional<steady_clock::time_point> beside_fill{}; ///< a fill brings it as well: when to give up
    origin::fetch_canceler* canceler{nullptr};             ///< nullptr: it is not given up
};

/// What those who ask it share a transfer of.
std::string shared_name(const media_request& m, const question& q) {
    auto name = lookup_flights::key_of(m.store, m.key);
    if (q.beside_fill) { // of the version in the cache: nobody else joins
        name.append("\nbeside");
    }
    return name;
}

/// A transfer that is followed instead, or nullptr.
std::unique_ptr<memory_follower> join(fill_context& with, const media_request& m, const question& q) {
    return q.version == nullptr ? join_stream(with, m)
                                : join_stream_of(with, m, shared_name(m, q), *q.version, q.bytes);
}

direct_answer joined(media_request& m, std::unique_ptr<memory_follower> follower) {
    m.collapsed = true;
    return {std::move(follower), std::nullopt, true};
}

/// Asks; others may then follow the answer.
awaitable<result<direct_answer>> ask(fill_context& with, media_request& m, question q) {
    auto r = request_for_client(m, q.range);
    r.canceler = q.canceler;
    r.give_up = std::max(m.give_up, steady_clock::now() + std::chrono::seconds(1));
    if (q.version != nullptr) { // it goes on with what was begun
        r.match = q.version->validator;
        r.size = q.version->size;
        r.give_up = std::max(r.give_up, steady_clock::now() + m.store.fetch_timeout());
        r.passes_breaker = true;
    }
    if (q.beside_fill) {
        r.give_up = *q.beside_fill;
        r.passes_breaker = false;
        r.is_extra = true; // the fill is still there
    }
    auto got = co_await fetch_for_client(with.origin_pool, m, r);
    if (!got) {
        co_return got.error();
    }
    memory_stream::description about{shared_name(m, q), got.value().head(), m.purges_seen, q.why, steady_clock::now()};
    about.goes_on = !q.beside_fill;
    co_return share_answer(with, m, std::move(got.value()), std::move(about));
}

/// The same together with all who ask it now: one asks, and the others join. Nobody asks again because of the others.
awaitable<result<std::optional<direct_answer>>> ask_together(fill_context& with, media_request& m, question q) {
    std::string text = shared_name(m, q);
    text.append("\n").append(q.range ? http::format_range(*q.range) : std::string());
    text.append("\n").append(q.version != nullptr ? q.version->validator : std::string_view());
    auto flight = with.memory.asked().join(std::move(text));
    if (!flight.leads()) {
        const session::origin_wait waiting(m.x);
        // What the leader left is held, so that it can be joined.
        const auto shared = co_await session::follow(m.x, flight);
        if (!shared) {
            co_return session::client_gone();
        }
        if (!*shared && shared->error().code != errc::canceled) {
            co_return shared->error();
        }
        if (auto follower = join(with, m, q)) {
            co_return joined(m, std::move(follower));
        }
        co_return std::nullopt;
    }
    origin::fetch_canceler canceler;
    const session::leader_watch watch(m.x, flight, canceler);
    q.canceler = &canceler;
    auto got = co_await ask(with, m, q);
    if (watch.gave_up()) {
        co_return session::client_gone();
    }
    if (!got) {
        flight.complete(got.error());
        co_return got.error();
    }
    std::shared_ptr<memory_follower> held;
    if (const auto& transfer = got.value().shared) {
        held = transfer->stream()->try_hold(m.x.worker.self.get_executor());
    }
    flight.complete(std::move(held));
    co_return std::move(got.value());
}

awaitable<result<direct_answer>> join_or_ask(fill_context& with, media_request& m, question q) {
    if (auto follower = join(with, m, q)) {
        co_return joined(m, std::move(follower));
    }
    if (!m.head_only && with.memory.has_room()) {
        auto got = co_await ask_together(with, m, q);
        if (!got) {
            co_return got.error();
        }
        if (got.value()) {
            co_return std::move(*got.value());
        }
    }
    co_return co_await ask(with, m, q);
}

/// An answer to this question alone has all of what was asked for.
result<direct_answer> check_covers(result<direct_answer> got, const http::byte_range& bytes) {
    if (!got || got.value().joined) {
        return got;
    }
    const auto& head = got.value().head();
    if (!head.has_bytes || head.bytes.first > bytes.first || head.bytes.last < bytes.last) {
        got.value().finish();
        return error{errc::bad_content_range, error_source::origin, false};
    }
    return got;
}

} // namespace

awaitable<result<direct_answer>> ask_for_any(fill_context& with, media_request& m,
                                             std::optional<http::range_spec> range, errc why) {
    question q;
    q.range = range;
    q.why = why;
    co_return co_await join_or_ask(with, m, q);
}

awaitable<result<direct_answer>> ask_for_version(fill_context& with, media_request& m, known_version version,
                                                 http::byte_range bytes, errc why) {
    // From the beginning of a piece, so that those who were left behind together meet.
    const std::uint64_t first = bytes.first / memory_piece * memory_piece;
    question q;
    q.range = http::range_spec{http::range_spec::form::bounded, first, bytes.last, 0};
    q.version = &version;
    q.bytes = bytes;
    q.why = why;
    auto got = co_await join_or_ask(with, m, q);
    if (!got && got.error().code == errc::unexpected_status) { // a store that ignores ranges: what comes before is lost
        q.range.reset();
        got = co_await join_or_ask(with, m, q);
    }
    co_return check_covers(std::move(got), bytes);
}

awaitable<result<direct_answer>> ask_beside_fill(fill_context& with, media_request& m, known_version version,
                                                 http::byte_range bytes, steady_clock::time_point give_up) {
    question q;
    q.range = http::range_spec{http::range_spec::form::bounded, bytes.first, bytes.last, 0};
    q.version = &version;
    q.bytes = bytes;
    q.beside_fill = give_up;
    auto got = co_await join_or_ask(with, m, q);
    co_return check_covers(std::move(got), bytes);
}

} // namespace sluice::media::detail
