#include "memory_task.hpp"

#include <sluice/base/log.hpp>
#include <sluice/base/scoped_registration.hpp>
#include <sluice/media/fill_rules.hpp>
#include <sluice/media/lookup.hpp>
#include <sluice/media/memory_streams.hpp>
#include <sluice/origin/retry_rules.hpp>

#include <algorithm>
#include <utility>

namespace sluice::media::detail {

namespace {

/// A transfer as it runs on its worker.
struct memory_task {
    fill_context& with;
    origin::store& store;
    std::string key;
    std::shared_ptr<memory_stream> stream;
    std::optional<origin::fetched> body; ///< none: the next bytes are to be asked for
};

error nobody_follows() {
    return {errc::canceled, error_source::internal, true};
}

/// The task's entry in its worker's list: while it reads from the origin, nobody but the tick sees that its last
/// follower has left.
class running_task : public running_fill {
public:
    explicit running_task(memory_task& t)
        : task_(t)
        , entry_(t.with.running, *this) {}

    void tick() override {
        if (reading && !task_.stream->is_followed()) {
            abandoned_ = true;
            task_.body->abort();
        }
    }
    [[nodiscard]] bool abandoned() const noexcept { return abandoned_; }

    bool reading{false};

private:
    memory_task& task_;
    const scoped_registration<std::vector<running_fill*>> entry_;
    bool abandoned_{false};
};

/// How it comes on: as of a fill, it is time since the last byte that ends it.
struct progress {
    steady_clock::time_point last_byte{steady_clock::now()}; ///< without the time in which nobody wanted one
    unsigned broken_in_row{0};                               ///< how often it broke with less than a piece between
    std::uint64_t since_break{0};                            ///< bytes
    steady_clock::time_point give_up{};                      ///< where it broke
    origin::fill_pace pace;

    void note_bytes(std::uint64_t n) {
        last_byte = steady_clock::now();
        since_break += n;
        if (since_break >= memory_piece) {
            broken_in_row = 0;
        }
    }
    void note_break(const origin::store& s) {
        const auto least = broken_in_row == 0 ? steady_clock::now() + s.fetch_timeout() : give_up;
        give_up = std::max(last_byte + s.patience(), least);
        since_break = 0;
        ++broken_in_row;
    }
};

/// Asks for what is wanted from the next byte on, of the same version alone. Nothing where that is nothing.
awaitable<result<void>> ask_for_rest(memory_task& t, steady_clock::time_point give_up) {
    const auto& head = t.stream->about().head;
    const std::uint64_t position = t.stream->position();
    const std::uint64_t end = std::min(t.stream->wanted_end(), head.size);
    if (end <= position) { // who wanted more has left
        co_return result<void>();
    }
    origin::fetch_request request;
    request.key = t.key;
    request.range = http::range_spec{http::range_spec::form::bounded, position, end - 1, 0};
    request.match = head.validator;
    request.size = head.size;
    request.give_up = give_up;
    request.is_wanted = [&t] { return t.stream->is_followed(); };
    request.passes_breaker = true; // it ends by its own patience, and its success closes the breaker
    auto again = co_await origin::fetch(t.with.origin_pool, t.store, request);
    if (!again) {
        co_return again.error();
    }
    auto resumes = check_resumes(again.value().head(), position);
    if (!resumes) {
        co_return resumes;
    }
    t.stream->begin_get(again.value().head().bytes.last + 1);
    t.body.emplace(std::move(again.value()));
    co_return result<void>();
}

/// Goes on behind the end of a GET, or where one broke with `broken`: until its time is over, as long as it is
/// followed.
awaitable<result<void>> go_on(memory_task& t, std::optional<error> broken, const progress& p) {
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
            co_return nobody_follows();
        }
        auto asked = co_await ask_for_rest(t, p.give_up);
        if (asked) {
            if (broken && t.body) {
                t.with.worker.counters.memory_stream_resumes->Increment();
            }
            co_return asked;
        }
        broken = asked.error();
    }
}

/// Reads the next bytes into `room`, resuming a GET that broke. 0: resumed, read again.
awaitable<result<std::size_t>> read_some(memory_task& t, running_task& state, std::span<char> room, progress& p) {
    state.reading = true;
    const auto began = steady_clock::now();
    auto n = co_await t.body->read(asio::buffer(room.data(), room.size()));
    state.reading = false;
    if (state.abandoned()) {
        co_return nobody_follows();
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
    progress p{.pace = origin::fill_pace(t.store.pace().each())};
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
            p.give_up = now + t.store.fetch_timeout();
            auto asked = co_await go_on(t, std::nullopt, p);
            if (!asked) {
                co_return asked.error();
            }
            continue; // who follows may be others now
        }
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
}

} // namespace

direct_answer share_answer(fill_context& with, const media_request& m, origin::fetched answer, errc why) {
    direct_answer made;
    const auto& head = answer.head();
    if (with.memory.is_on() && head.has_bytes && !m.head_only) {
        made.shared =
            with.memory.begin({lookup_flights::key_of(m.store, m.key), head, m.purges_seen, why, steady_clock::now()},
                              with.worker.self.get_executor());
    }
    if (!made.shared) {
        made.alone.emplace(std::move(answer));
        return made;
    }
    with.worker.self.tasks.spawn(run(memory_task{with, m.store, m.key, made.shared->stream(), std::move(answer)}));
    return made;
}

} // namespace sluice::media::detail
