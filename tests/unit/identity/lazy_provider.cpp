// What is asked for only once somebody wants it.
#include <sluice/identity/lazy_provider.hpp>
#include <sluice/identity/rfc3339.hpp>

#include "scripted_client.hpp"

#include <atomic>
#include <list>
#include <thread>

namespace sluice::identity::test {
namespace {

using namespace std::chrono_literals;

const time_point noon = parse_rfc3339("2026-01-15T12:00:00Z").value();

/// Gives keys of 24 hours, named by their number, or fails, or never answers; counts.
struct key_source final : source<user_delegation_key> {
    awaitable<result<user_delegation_key>> fetch(http_client& client) override {
        static_cast<void>(client);
        const auto ex = co_await asio::this_coro::executor;
        ++asked;
        steady_timer pause(ex, hanging ? steady_timer::time_point::max() : steady_clock::now() + 1ms);
        auto [ec] = co_await pause.async_wait(use_tuple);
        static_cast<void>(ec);
        if (failing) {
            co_return error{errc::no_credentials, error_source::origin, true, "down"};
        }
        user_delegation_key key;
        key.oid = "key " + std::to_string(asked);
        key.expires = now->load() + 24h;
        key.refresh_at = again ? std::optional(now->load() + *again) : std::nullopt;
        co_return key;
    }
    [[nodiscard]] std::string name() const override { return "keys"; }
    std::atomic<int> asked{0};
    std::atomic<bool> failing{false};
    std::atomic<bool> hanging{false};
    std::optional<std::chrono::milliseconds> again{};
    const std::atomic<time_point>* now{nullptr};
};

/// Keys that a thread of their own renews.
class bench {
public:
    bench() {
        auto made = std::make_unique<key_source>();
        source = made.get();
        source->now = &clock_now;
        wall_clock clock = [this] { return clock_now.load(); };
        keys = std::make_unique<lazy_provider<user_delegation_key>>(std::move(made), clock);
        refresh_observer o;
        o.tried = [this](bool ok) { ok ? ++succeeded : ++failed; };
        keys->observe(std::move(o));
    }
    bench(const bench&) = delete;
    bench& operator=(const bench&) = delete;
    ~bench() { stop(); }

    void start() {
        thread_ = std::thread([this] {
            asio::co_spawn(context_, keys->run(context_.get_executor(), nobody_), [](const std::exception_ptr&) {});
            context_.run();
        });
    }
    void stop() {
        if (thread_.joinable()) {
            asio::post(context_, [this] { keys->stop(); });
            thread_.join(); // ends because `run` does
        }
    }
    result<std::shared_ptr<const user_delegation_key>> ask(std::chrono::milliseconds patience) {
        asio::io_context& context = contexts_.emplace_back(1);
        std::optional<result<std::shared_ptr<const user_delegation_key>>> got;
        asio::co_spawn(context, keep_result(keys->get(steady_clock::now() + patience), got),
                       [](const std::exception_ptr&) {});
        context.run();
        return got.value();
    }
    /// The key's owner, or the error's code.
    std::string get(std::chrono::milliseconds patience = 10s) {
        const auto got = ask(patience);
        return got ? (*got)->oid : std::string(to_string(got.error().code));
    }

    std::atomic<time_point> clock_now{noon};
    key_source* source{nullptr};
    std::unique_ptr<lazy_provider<user_delegation_key>> keys;
    std::atomic<int> succeeded{0};
    std::atomic<int> failed{0};

private:
    scripted_client nobody_;
    std::list<asio::io_context> contexts_; ///< of those who asked: they outlive the thread that wakes them
    asio::io_context context_{1};
    std::thread thread_;
};

awaitable<void> get_one(lazy_provider<user_delegation_key>& keys, std::atomic<int>& good) {
    const auto until = steady_clock::now() + 10s;
    const auto got = co_await keys.get(until);
    good += got && (*got)->oid == "key 1" ? 1 : 0;
}

/// Waits, at most 10 s, until `f` holds.
template <class F>
bool comes(F f) {
    const auto until = steady_clock::now() + 10s;
    while (!f() && steady_clock::now() < until) {
        std::this_thread::yield();
    }
    return f();
}

} // namespace

BOOST_AUTO_TEST_SUITE(renewal_on_demand)

BOOST_AUTO_TEST_CASE(not_before_somebody_wants_one) {
    bench b;
    b.start();
    b.stop();
    BOOST_TEST(b.source->asked == 0);
    BOOST_TEST((b.succeeded == 0 && b.failed == 0)); // neither a metric nor an alert of what nobody uses
    BOOST_TEST(b.keys->status().last_attempt.has_value());
}

BOOST_AUTO_TEST_CASE(one_try_for_all_workers) {
    std::list<asio::io_context> contexts; // outlive the thread that wakes what waits in them
    bench b;
    b.start();
    std::atomic<int> good{0};
    std::vector<std::thread> workers;
    for (int w = 0; w < 4; ++w) {
        workers.emplace_back([&b, &good, &context = contexts.emplace_back(1)] {
            for (int i = 0; i < 50; ++i) {
                asio::co_spawn(context, get_one(*b.keys, good), [](const std::exception_ptr&) {});
            }
            context.run();
        });
    }
    for (std::thread& worker : workers) {
        worker.join();
    }
    BOOST_TEST(good == 200);
    BOOST_TEST(b.source->asked == 1);
}

BOOST_AUTO_TEST_CASE(nobody_waits_while_one_is_good) {
    bench b;
    b.source->again = 1ms;
    b.start();
    BOOST_TEST(b.get().starts_with("key "));
    b.source->hanging = true; // the renewal that is due takes for ever
    const int before = b.source->asked;
    BOOST_TEST(comes([&] { return b.source->asked > before; }));
    BOOST_TEST(b.get(0ms).starts_with("key "));
    // Expired, and still no answer: the wait has an end.
    b.clock_now = noon + 25h;
    const auto late = b.ask(20ms);
    BOOST_REQUIRE(late.has_error());
    BOOST_TEST((late.error().code == errc::timeout && late.error().retryable));
}

BOOST_AUTO_TEST_CASE(a_clock_that_was_moved_on_makes_nobody_wait) {
    bench b;
    b.start();
    BOOST_TEST(b.get() == "key 1");
    b.clock_now = noon + 25h; // or the machine slept
    BOOST_TEST(b.get() == "key 2");
}

BOOST_AUTO_TEST_CASE(a_failure_is_told_at_once_and_counted) {
    bench b;
    b.source->failing = true;
    b.start();
    BOOST_TEST(b.get() == "no_credentials");          // waits for the first outcome
    BOOST_TEST(comes([&] { return b.failed == 1; })); // the waiter is woken before it is counted
    BOOST_TEST(b.get(0ms) == "no_credentials");       // and then for none
    BOOST_TEST(b.keys->status().last_attempt.error().detail == "down");
    b.source->failing = false;
    BOOST_TEST(comes([&] { return b.succeeded == 1; })); // by itself, after a second
    BOOST_TEST(b.get(0ms) == "key 2");
    BOOST_TEST(b.keys->status().last_attempt.has_value());
}

BOOST_AUTO_TEST_CASE(wanted_before_it_runs) {
    bench b;
    BOOST_TEST(b.get(5ms) == "timeout");
    b.start();
    BOOST_TEST(comes([&] { return b.succeeded == 1; }));
    BOOST_TEST(b.get(0ms) == "key 1");
}

BOOST_AUTO_TEST_CASE(contexts_that_end_in_the_middle_leave_nothing) {
    auto made = std::make_unique<key_source>();
    const std::atomic<time_point> now{noon};
    made->now = &now;
    lazy_provider<user_delegation_key> keys(std::move(made), [] { return noon; });
    scripted_client nobody;
    std::atomic<int> good{0};
    {
        asio::io_context waiting(1);
        asio::co_spawn(waiting, get_one(keys, good), [](const std::exception_ptr&) {});
        waiting.poll();
        asio::io_context running(1);
        asio::co_spawn(running, keys.run(running.get_executor(), nobody), [](const std::exception_ptr&) {});
        running.poll();
    }
    BOOST_TEST(run(keys.refresh(nobody)).has_value()); // wakes nobody who is gone
    BOOST_TEST(run(keys.get(steady_clock::now())).has_value());
    BOOST_TEST(good == 0);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::identity::test
