#include "memory_task.hpp"

#include <sluice/base/log.hpp>
#include <sluice/media/fill_rules.hpp>
#include <sluice/media/lookup.hpp>
#include <sluice/media/memory_streams.hpp>
#include <sluice/origin/retry_rules.hpp>

#include "transfer_progress.hpp"
#include "watched_read.hpp"

#include <algorithm>
#include <utility>

namespace sluice::media::detail {

namespace {

/// A GET that goes on behind the running one, asked for while that one is read.
struct next_get {
    std::uint64_t first;                           ///< its first byte
    std::optional<result<origin::fetched>> answer; ///< none yet
};

/// A transfer as it runs on its worker.
struct memory_task {
    fill_context& with;
    origin::store& store;
    std::string key;
    std::shared_ptr<memory_stream> stream;
    std::optional<origin::fetched> body; ///< none: the next bytes are to be asked for
    std::shared_ptr<next_get> next{};    ///< shared with its coroutine
};

class running_task : public watched_read {
public:
    explicit running_task(memory_task& t)
        : watched_read(t.with, t.body)
        , stream_(*t.stream) {}

private:
    [[nodiscard]] bool goes_on() override { return stream_.is_followed(); }

    memory_stream& stream_;
};

/// Asks for bytes of the same version alone. `told_to_wait`: see `origin::fetch_request`.
awaitable<result<origin::fetched>> ask_for(fill_context& with, origin::store& store, std::string key,
                                           std::shared_ptr<memory_stream> stream, http::byte_range bytes,
                                           steady_clock::time_point give_up, bool& told_to_wait) {
    const auto& head = stream->about().head;
    origin::fetch_request request;
    request.key = key;
    request.range = http::range_spec{http::range_spec::form::bounded, bytes.first, bytes.last, 0};
    request.match = head.validator;
    request.size = head.size;
    request.give_up = give_up;
    request.is_wanted = [&stream] { return stream->is_followed(); };
    request.told_to_wait = &told_to_wait;
    request.passes_breaker = true; // it ends by its own patience, and its success closes the breaker
    auto got = co_await origin::fetch(with.origin_pool, store, request);
    if (!got) {
        co_return got.error();
    }
    auto follows = check_resumes(got.value().head(), bytes.first);
    if (!follows) {
        co_return follows.error();
    }
    co_return got;
}

/// Turns to the answer of another GET.
void turn_to(memory_task& t, origin::fetched answer) {
    t.stream->begin_get(answer.head().bytes.last + 1);
    t.body.emplace(std::move(answer));
}

awaitable<void> ask_next(fill_context& with, origin::store& store, std::string key,
                         std::shared_ptr<memory_stream> stream, std::uint64_t end, std::shared_ptr<next_get> next) {
    const auto give_up = steady_clock::now() + store.fetch_timeout();
    const http::byte_range bytes{next->first, end - 1};
    bool told_to_wait = false;
    auto got = co_await ask_for(with, store, std::move(key), stream, bytes, give_up, told_to_wait);
    next->answer.emplace(std::move(got));
    stream->interrupt();
}

/// Asks for what follows the running GET once that is nearly read, where anybody wants it.
void ask_ahead(memory_task& t, origin::byte_time each) {
    const std::uint64_t first = t.body->head().bytes.last + 1;
    if (t.next || !t.stream->is_resumable() || first >= t.stream->about().head.size ||
        !asks_ahead(t.body->remaining(), each, t.store.pace().first_byte())) {
        return;
    }
    const std::uint64_t end = t.stream->wanted_end();
    if (first < end) {
        t.next = std::make_shared<next_get>(next_get{first, std::nullopt});
        t.with.worker.self.tasks.spawn(ask_next(t.with, t.store, t.key, t.stream, end, t.next));
    }
}

/// Waits for the GET that was asked for ahead, and turns to it. Nothing where it failed: it is asked for again.
awaitable<void> turn_to_next(memory_task& t) {
    while (!t.next->answer) {
        if (!t.stream->awaits_followers()) {
            co_return;
        }
        co_await t.stream->wait(steady_clock::time_point::max());
    }
    auto answer = std::move(*t.next->answer);
    t.next.reset();
    if (answer) {
        turn_to(t, std::move(answer.value()));
    }
}

/// Goes on behind the end of a GET, or where one broke with `broken`: until its time is over, as long as it is
/// followed.
awaitable<result<void>> go_on(memory_task& t, std::optional<error> broken, const transfer_progress& p) {
    for (unsigned failed = broken ? p.broken_in_row - 1 : 0;; ++failed) {
        // What breaks once is resumed at once; what breaks again is given time.
        const auto pause = failed == 0 ? std::chrono::milliseconds(0) : origin::back_off_after(failed);
        if (broken && !may_resume(*broken, p.give_up - steady_clock::now() - pause)) {
            co_return *broken;
        }
        if (failed > 0) {
            co_await origin::back_off(pause);
        }
        if (!t.stream->is_followed()) {
            co_return nobody_waits();
        }
        const std::uint64_t first = t.stream->position();
        const std::uint64_t end = t.next ? t.next->first : t.stream->wanted_end();
        if (end <= first) { // who wanted more has left
            co_return result<void>();
        }
        const http::byte_range bytes{first, end - 1};
        bool told_to_wait = false;
        auto asked = co_await ask_for(t.with, t.store, t.key, t.stream, bytes, p.give_up, told_to_wait);
        if (asked) {
            turn_to(t, std::move(asked.value()));
            if (broken) {
                t.with.worker.counters.memory_stream_resumes->Increment();
            }
            co_return result<void>();
        }
        if (told_to_wait) {
            co_return asked.error();
        }
        broken = asked.error();
    }
}

/// Goes on behind the end of a GET.
awaitable<result<void>> go_on_behind(memory_task& t, transfer_progress& p) {
    if (t.next) {
        co_await turn_to_next(t);
        if (t.body || !t.stream->is_followed()) {
            co_return result<void>();
        }
    }
    p.give_up = std::max(p.last_byte + t.store.patience(), steady_clock::now() + t.store.fetch_timeout());
    co_return co_await go_on(t, std::nullopt, p);
}

/// Reads the next bytes into `room`, resuming a GET that broke. 0: resumed, read again.
awaitable<result<std::size_t>> read_some(memory_task& t, running_task& state, std::span<char> room,
                                         transfer_progress& p) {
    state.reading = true;
    const auto began = steady_clock::now();
    auto n = co_await t.body->read(asio::buffer(room.data(), room.size()));
    state.reading = false;
    if (state.abandoned()) {
        co_return nobody_waits();
    }
    if (n && n.value() > 0) {
        p.note_bytes(n.value());
        p.pace.add(n.value(), p.last_byte - began);
        co_return n;
    }
    const error broken = n ? error{errc::short_body, error_source::origin, true} : n.error();
    t.body->finish();
    t.body.reset();
    if (!t.stream->is_resumable()) {
        co_return broken;
    }
    p.note_break(t.store);
    auto resumed = co_await go_on(t, broken, p);
    if (!resumed) {
        co_return resumed.error();
    }
    co_return std::size_t{0};
}

/// Reads until nobody follows, or nothing more can come. Errors: `canceled` where nobody follows.
awaitable<result<void>> pump(memory_task& t, running_task& state) {
    transfer_progress p{.pace = origin::fill_pace(t.store.pace().each())};
    for (;;) {
        const auto now = steady_clock::now();
        const auto step = t.stream->next_step(now);
        if (step.what == memory_stream::step::kind::end) {
            co_return result<void>();
        }
        if (step.what == memory_stream::step::kind::wait) {
            co_await t.stream->wait(step.until);
            p.last_byte += steady_clock::now() - now; // a pause is ours, not the store's
            continue;
        }
        if (!t.body) {
            auto asked = co_await go_on_behind(t, p);
            if (!asked) {
                co_return asked.error();
            }
            continue; // who follows may be others now
        }
        ask_ahead(t, p.pace.each());
        auto n = co_await read_some(t, state, step.room, p);
        if (!n) {
            co_return n.error();
        }
        t.stream->commit(n.value(), p.pace.each());
        if (t.body && t.body->remaining() == 0) {
            t.body->finish(); // its connection is another's now
            t.body.reset();
            if (!t.stream->is_resumable()) {
                co_return result<void>();
            }
        }
    }
}

/// Ends a stream whose task ends, by an exception too.
class ending {
public:
    explicit ending(memory_stream& s) noexcept
        : stream_(s) {}
    ending(const ending&) = delete;
    ending& operator=(const ending&) = delete;
    ~ending() { stream_.end(std::move(outcome)); }

    result<void> outcome{error{errc::internal_error, error_source::internal, false}};

private:
    memory_stream& stream_;
};

/// Keeps what has come of a transfer that no other GET goes on with for those who ask the same a moment later.
awaitable<void> linger(const memory_task& t) {
    const auto until = steady_clock::now() + max_complete;
    const auto keeps = t.stream->try_hold(t.with.worker.self.get_executor());
    while (keeps && !t.with.origin_pool.canceled() && steady_clock::now() < until) {
        co_await t.stream->wait(until);
    }
}

awaitable<void> run(memory_task t) {
    running_task state(t);
    ending ends(*t.stream);
    ends.outcome = co_await pump(t, state);
    if (!ends.outcome && ends.outcome.error().code != errc::canceled) {
        const error& why = ends.outcome.error();
        log::warn("a transfer past the cache failed",
                  {{"store", t.store.settings().name}, {"reason", to_string(why.code)}, {"detail", why.detail}});
    }
    if (t.body) {
        t.body->finish();
    }
    if (ends.outcome && !t.stream->about().goes_on && !t.with.memory.is_crowded()) {
        co_await linger(t);
    }
}

} // namespace

direct_answer share_answer(fill_context& with, const media_request& m, origin::fetched answer,
                           memory_stream::description about) {
    direct_answer made;
    if (with.memory.is_on() && about.head.has_bytes && !m.head_only) {
        made.shared = with.memory.begin(std::move(about), with.worker.self.get_executor());
    }
    if (!made.shared) {
        made.alone.emplace(std::move(answer));
        return made;
    }
    with.worker.self.tasks.spawn(run(memory_task{with, m.store, m.key, made.shared->stream(), std::move(answer)}));
    return made;
}

direct_answer share_answer(fill_context& with, const media_request& m, origin::fetched answer, errc why) {
    memory_stream::description about{lookup_flights::key_of(m.store, m.key), answer.head(), m.purges_seen, why,
                                     steady_clock::now()};
    about.app_version = m.app_version();
    return share_answer(with, m, std::move(answer), std::move(about));
}

} // namespace sluice::media::detail
