#include "fill_task.hpp"

#include <sluice/base/log.hpp>
#include <sluice/media/error_rules.hpp>
#include <sluice/media/fill_rules.hpp>
#include <sluice/origin/retry_rules.hpp>

#include "transfer_progress.hpp"
#include "watched_read.hpp"

#include <algorithm>

namespace sluice::media::detail {

namespace {

/// What one read of the origin takes at most; also what one write to the disk takes.
constexpr std::size_t fill_step = 128 * 1024;

bool lacks_little(const cache::fill_writer& w) {
    return is_nearly_whole(w.position(), w.end(), w.of()->layout().block_size);
}

/// Whether to continue: the rest is still its own, and a reader wants it or the block is nearly complete.
bool goes_on(fill_task& t) {
    return !t.writer.complete() && (t.writer.is_wanted(t.with.read_ahead) || lacks_little(t.writer));
}

class running_task : public watched_read {
public:
    explicit running_task(fill_task& t)
        : watched_read(t.with, t.body)
        , task_(t) {}

    void tick() override {
        task_.writer.flush();
        watched_read::tick();
    }

private:
    [[nodiscard]] bool goes_on() override { return detail::goes_on(task_); }

    fill_task& task_;
};

/// Asks for the rest of a broken fill, of the same version alone. `told_to_wait`: see `origin::fetch_request`.
awaitable<result<void>> ask_for_rest(fill_task& t, steady_clock::time_point give_up, bool& told_to_wait) {
    const std::uint64_t end = t.writer.end(); // another may take the rest over at any time
    if (end <= t.writer.position()) {
        co_return nobody_waits();
    }
    auto request = request_for_version(t.writer.of()->info(), t.writer.position(), end - 1, give_up);
    request.is_wanted = [&t] { return goes_on(t); };
    request.told_to_wait = &told_to_wait;
    request.passes_breaker = true; // it ends by its own patience, and its success closes the breaker
    auto again = co_await origin::fetch(t.with.origin_pool, t.store, request);
    if (!again) {
        co_return again.error();
    }
    auto resumes = check_resumes(again.value().head(), t.writer.position());
    if (!resumes) {
        co_return resumes;
    }
    t.with.worker.counters.fill_resumes->Increment();
    t.body.emplace(std::move(again.value()));
    co_return result<void>();
}

/// Resumes a fill that broke with `broken`: until its time is over, as long as somebody wants it.
awaitable<result<void>> resume(fill_task& t, error broken, const transfer_progress& p) {
    for (unsigned failed = p.broken_in_row - 1;; ++failed) {
        // What breaks once is resumed at once; what breaks again is given time.
        const auto pause = failed == 0 ? std::chrono::milliseconds(0) : origin::back_off_after(failed);
        if (!may_resume(broken, p.give_up - steady_clock::now() - pause)) {
            co_return broken;
        }
        if (failed > 0) {
            co_await origin::back_off(pause);
        }
        if (!goes_on(t)) {
            co_return nobody_waits();
        }
        bool told_to_wait = false;
        auto resumed = co_await ask_for_rest(t, p.give_up, told_to_wait);
        if (resumed || told_to_wait) {
            co_return resumed;
        }
        broken = resumed.error();
    }
}

/// Reads the next bytes, resuming a fill that broke. 0: resumed, read again.
awaitable<result<std::size_t>> read_some(fill_task& t, running_task& state, asio::mutable_buffer out,
                                         transfer_progress& p) {
    state.reading = true;
    const auto began = steady_clock::now();
    auto n = co_await t.body->read(out);
    state.reading = false;
    if (state.abandoned()) {
        co_return nobody_waits();
    }
    if (n && n.value() > 0) {
        p.note_bytes(n.value());
        if (p.pace.add(n.value(), p.last_byte - began)) {
            t.writer.expect(began, p.pace.each().count());
        }
        co_return n;
    }
    error broken = n ? error{errc::short_body, error_source::origin, true} : n.error();
    p.note_break(t.store);
    auto resumed = co_await resume(t, std::move(broken), p);
    if (!resumed) {
        co_return resumed.error();
    }
    co_return std::size_t{0};
}

/// Reads and writes until the fill is complete. Errors: `canceled` where nobody wants the rest.
awaitable<result<void>> pump(fill_task& t, running_task& state) {
    const auto wake = std::make_shared<async_event>(t.with.worker.self.get_executor());
    std::vector<char> buffer(fill_step);
    transfer_progress p{.pace = origin::fill_pace(t.store.pace().each())};
    while (!t.writer.complete()) {
        const auto paused = steady_clock::now();
        const bool wanted = co_await t.writer.wait_for_demand(t.with.read_ahead, wake);
        p.last_byte += steady_clock::now() - paused; // a pause is ours, not the store's
        if (!wanted && !goes_on(t)) {
            co_return nobody_waits();
        }
        const auto room = std::min<std::uint64_t>(buffer.size(), t.writer.end() - t.writer.position());
        if (room == 0) { // another fill took the rest over
            break;
        }
        const auto into = asio::buffer(buffer.data(), static_cast<std::size_t>(room));
        auto n = co_await read_some(t, state, into, p);
        if (!n) {
            co_return n.error();
        }
        if (n.value() == 0) {
            continue;
        }
        auto written = co_await t.writer.write(buffer.data(), n.value());
        if (!written) {
            co_return written.error();
        }
        if (written.value() < n.value()) {
            t.with.worker.counters.fill_overlap_bytes->Increment(static_cast<double>(n.value() - written.value()));
        }
    }
    if (p.pace.is_measured()) {
        t.store.pace().note_byte_time(p.pace.each());
    }
    co_await t.writer.wait_for_first_page_readers(wake);
    co_return result<void>();
}

awaitable<void> run(fill_task t) {
    running_task state(t);
    auto ended = co_await pump(t, state);
    if (!ended && ended.error().code != errc::canceled) {
        const error& why = ended.error();
        log::warn("a fill of the cache failed",
                  {{"store", t.store.settings().name}, {"reason", to_string(why.code)}, {"detail", why.detail}});
        if (is_changed(why.code)) {
            t.with.cache.retire(t.writer.of());
        }
    }
    if (t.writer.is_whole_response() && !t.writer.complete()) {
        t.with.cache.retire(t.writer.of()); // no request could ever bring the rest
    }
    t.writer.finish(std::move(ended));
    t.body->finish();
}

} // namespace

void start(fill_task t) {
    auto& tasks = t.with.worker.self.tasks;
    tasks.spawn(run(std::move(t)));
}

} // namespace sluice::media::detail
