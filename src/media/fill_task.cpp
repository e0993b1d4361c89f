#include "fill_task.hpp"

#include <sluice/base/log.hpp>
#include <sluice/base/scoped_registration.hpp>
#include <sluice/media/error_rules.hpp>
#include <sluice/media/fill_rules.hpp>

#include <algorithm>

namespace sluice::media::detail {

namespace {

/// What one read of the origin takes at most; also what one write to the disk takes.
constexpr std::size_t fill_step = 128 * 1024;

error nobody_waits() {
    return {errc::canceled, error_source::internal, true};
}

bool lacks_little(const cache::fill_writer& w) {
    return is_nearly_whole(w.position(), w.end(), w.of()->layout().block_size);
}

/// A fill's entry in its worker's list. While it reads from the origin, which may be silent for long, nobody but
/// the tick sees that the last reader has left.
class running_task : public running_fill {
public:
    explicit running_task(fill_task& t)
        : task_(t)
        , entry_(t.with.running, *this) {}

    void tick() override {
        task_.writer.flush();
        if (reading && !task_.writer.is_wanted(task_.with.read_ahead) && !lacks_little(task_.writer)) {
            abandoned_ = true;
            task_.body->abort();
        }
    }
    [[nodiscard]] bool abandoned() const noexcept { return abandoned_; }

    bool reading{false};

private:
    fill_task& task_;
    const scoped_registration<std::vector<running_fill*>> entry_;
    bool abandoned_{false};
};

/// Asks for the rest of a broken fill, of the same version alone.
awaitable<result<void>> resume(fill_task& t) {
    const auto until = steady_clock::now() + t.store.fetch_timeout();
    const auto request = request_for_version(t.writer.of()->info(), t.writer.position(), t.writer.end() - 1, until);
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

/// Reads the next bytes, resuming a fill that broke. 0: resumed, read again.
awaitable<result<std::size_t>> read_some(fill_task& t, running_task& state, asio::mutable_buffer out,
                                         steady_clock::time_point last_progress, int& broken_in_row) {
    state.reading = true;
    auto n = co_await t.body->read(out);
    state.reading = false;
    if (state.abandoned()) {
        co_return nobody_waits();
    }
    if (n && n.value() > 0) {
        broken_in_row = 0;
        co_return n;
    }
    const error broken = n ? error{errc::short_body, error_source::origin, true} : n.error();
    if (!may_resume(broken, steady_clock::now() - last_progress, t.store.fetch_timeout())) {
        co_return broken;
    }
    if (broken_in_row > 0) {
        co_await origin::back_off(resume_delay(broken_in_row));
    }
    ++broken_in_row;
    auto resumed = co_await resume(t);
    if (!resumed) {
        co_return resumed.error();
    }
    co_return std::size_t{0};
}

/// Reads and writes until the fill is complete. Errors: `canceled` where nobody wants the rest.
awaitable<result<void>> pump(fill_task& t, running_task& state) {
    const auto wake = std::make_shared<async_event>(t.with.worker.self.get_executor());
    std::vector<char> buffer(fill_step);
    auto last_progress = steady_clock::now();
    int broken_in_row = 0;
    while (!t.writer.complete()) {
        const auto paused = steady_clock::now();
        const bool wanted = co_await t.writer.wait_for_demand(t.with.read_ahead, wake);
        last_progress += steady_clock::now() - paused; // a pause is ours, not the store's
        if (!wanted && !lacks_little(t.writer)) {
            co_return nobody_waits();
        }
        const auto room = std::min<std::uint64_t>(buffer.size(), t.writer.end() - t.writer.position());
        const auto into = asio::buffer(buffer.data(), static_cast<std::size_t>(room));
        auto n = co_await read_some(t, state, into, last_progress, broken_in_row);
        if (!n) {
            co_return n.error();
        }
        if (n.value() == 0) {
            continue;
        }
        last_progress = steady_clock::now();
        auto written = co_await t.writer.write(buffer.data(), n.value());
        if (!written) {
            co_return written;
        }
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
    t.writer.finish(std::move(ended));
    t.body->finish();
}

} // namespace

void start(fill_task t) {
    auto& tasks = t.with.worker.self.tasks;
    tasks.spawn(run(std::move(t)));
}

} // namespace sluice::media::detail
