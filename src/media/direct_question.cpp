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
    enum class kind : std::uint8_t {
        any,        ///< whatever version there is
        version,    ///< `bytes` of `version` alone
        beside_fill ///< the same, which a running fill will bring as well
    };

    kind what{kind::any};
    std::optional<http::range_spec> range{};
    known_version version{}; ///< none of `any`
    http::byte_range bytes{};
    steady_clock::time_point give_up{}; ///< of `beside_fill`
    errc why{};
};

origin::fetch_request request_for_any(const media_request& m, const question& q) {
    auto r = request_for_client(m, q.range);
    r.give_up = std::max(m.give_up, steady_clock::now() + std::chrono::seconds(1));
    return r;
}

/// It goes on with what was begun.
origin::fetch_request request_for_version(const media_request& m, const question& q) {
    auto r = request_for_any(m, q);
    r.match = q.version.validator;
    r.size = q.version.size;
    r.give_up = std::max(r.give_up, steady_clock::now() + m.store.fetch_timeout());
    r.passes_breaker = true;
    return r;
}

origin::fetch_request request_beside_fill(const media_request& m, const question& q) {
    auto r = request_for_client(m, q.range);
    r.match = q.version.validator;
    r.size = q.version.size;
    r.give_up = q.give_up;
    r.is_extra = true; // the fill is still there
    return r;
}

origin::fetch_request request_for(const media_request& m, const question& q) {
    switch (q.what) {
    case question::kind::any:
        break;
    case question::kind::version:
        return request_for_version(m, q);
    case question::kind::beside_fill:
        return request_beside_fill(m, q);
    }
    return request_for_any(m, q);
}

/// What those who ask it share a transfer of.
std::string shared_name(const media_request& m, const question& q) {
    auto name = lookup_flights::key_of(m.store, m.key);
    if (q.what == question::kind::beside_fill) { // of the version in the cache: nobody else joins
        name.append("\nbeside");
    }
    return name;
}

/// A transfer that is followed instead, or nullptr.
std::unique_ptr<memory_follower> join(fill_context& with, const media_request& m, const question& q) {
    return q.what == question::kind::any ? join_stream(with, m)
                                         : join_stream_of(with, m, shared_name(m, q), q.version, q.bytes);
}

direct_answer joined(media_request& m, std::unique_ptr<memory_follower> follower) {
    m.collapsed = true;
    return {std::move(follower), std::nullopt, true};
}

/// Asks; others may then follow the answer. `canceler`: nullptr where it is not given up.
awaitable<result<direct_answer>> ask(fill_context& with, media_request& m, question q,
                                     origin::fetch_canceler* canceler = nullptr) {
    auto r = request_for(m, q);
    r.canceler = canceler;
    auto got = co_await fetch_for_client(with.origin_pool, m, r);
    if (!got) {
        co_return got.error();
    }
    memory_stream::description about{shared_name(m, q), got.value().head(), m.purges_seen, q.why, steady_clock::now()};
    about.app_version = m.app_version();
    about.goes_on = q.what != question::kind::beside_fill;
    co_return share_answer(with, m, std::move(got.value()), std::move(about));
}

/// The same together with all who ask it now: one asks, and the others join. Nobody asks again because of the others.
awaitable<result<std::optional<direct_answer>>> ask_together(fill_context& with, media_request& m, question q) {
    std::string text = shared_name(m, q);
    text.append("\n").append(q.range ? http::format_range(*q.range) : std::string());
    text.append("\n").append(q.version.validator);
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
    session::leader_watch watch(m.x, flight, canceler);
    auto got = co_await ask(with, m, q, &canceler);
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
    q.what = question::kind::version;
    q.range = http::range_spec{http::range_spec::form::bounded, first, bytes.last, 0};
    q.version = version;
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
    q.what = question::kind::beside_fill;
    q.range = http::range_spec{http::range_spec::form::bounded, bytes.first, bytes.last, 0};
    q.version = version;
    q.bytes = bytes;
    q.give_up = give_up;
    auto got = co_await join_or_ask(with, m, q);
    co_return check_covers(std::move(got), bytes);
}

} // namespace sluice::media::detail
