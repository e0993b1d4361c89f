#include <sluice/base/async_event.hpp>
#include <sluice/base/deadline.hpp>

#include <boost/asio/detached.hpp>
#include <boost/test/unit_test.hpp>

#include "running.hpp"

#include <memory>
#include <optional>
#include <vector>

using namespace sluice;
using namespace std::chrono_literals;

namespace {

/// A deadline service that runs, and a way to wait for its ticks.
struct sweeping {
    sweeping()
        : deadlines(context.get_executor())
        , ticked(std::make_shared<async_event>(context.get_executor())) {
        deadlines.on_tick([this] {
            ++ticks;
            ticked->notify();
        });
        asio::co_spawn(context, deadlines.run(), asio::detached);
    }

    void run(awaitable<void> test) { test::run(context, then_stop(*this, std::move(test))); }

    awaitable<void> more_ticks(int n) {
        const int until = ticks + n;
        while (ticks < until) {
            co_await ticked->wait();
        }
    }

    static awaitable<void> then_stop(sweeping& s, awaitable<void> test) {
        co_await std::move(test);
        s.deadlines.stop(); // and run() ends, or the context would not
    }

    asio::io_context context{1};
    deadline_service deadlines;
    std::shared_ptr<async_event> ticked;
    int ticks{0};
};

/// What was cancelled, in its order.
struct canceled {
    static void call(void* self) {
        auto& c = *static_cast<canceled*>(self);
        ++c.calls;
        c.order->push_back(c.name);
    }
    char name;
    std::vector<char>* order;
    int calls{0};
};

awaitable<void> overdue_until_moved(sweeping& s) {
    std::vector<char> order;
    canceled c{'a', &order};
    deadline d(s.deadlines, canceled::call, &c);
    BOOST_TEST(!d.expired());
    co_await s.more_ticks(2);
    BOOST_TEST(c.calls == 0); // never due as made
    d.expires_after(1ms);
    BOOST_TEST(!d.expired());
    co_await s.more_ticks(3);
    BOOST_TEST(d.expired());
    BOOST_TEST(c.calls >= 2); // at every tick: an operation begun after the first is cancelled as well
    d.expires_after(1h);
    BOOST_TEST(!d.expired());
    const int calls = c.calls;
    co_await s.more_ticks(2);
    BOOST_TEST(c.calls == calls);
    d.expires_at(steady_clock::now() - 1h);
    co_await s.more_ticks(2);
    BOOST_TEST(c.calls > calls);
    d.clear();
    BOOST_TEST(!d.expired());
}

awaitable<void> never_due(sweeping& s) {
    std::vector<char> order;
    canceled c{'a', &order};
    deadline d(s.deadlines, canceled::call, &c);
    d.expires_after(0ms);
    co_await s.more_ticks(2);
    d.expires_after(-5ms);
    co_await s.more_ticks(2);
    d.expires_after(1ms);
    d.clear(); // in time: no tick has come in between
    co_await s.more_ticks(2);
    d.expires_after(1ms);
    d.expires_after(1h);
    co_await s.more_ticks(2);
    BOOST_TEST(c.calls == 0);
    BOOST_TEST(!d.expired());
}

awaitable<void> in_order(sweeping& s) {
    std::vector<char> order;
    canceled soon{'s', &order};
    canceled later{'l', &order};
    canceled gone{'g', &order};
    deadline first(s.deadlines, canceled::call, &later);
    deadline second(s.deadlines, canceled::call, &soon);
    std::optional<deadline> third(std::in_place, s.deadlines, canceled::call, &gone);
    first.expires_after(3 * deadline_service::period);
    second.expires_after(1ms);
    third->expires_after(1ms);
    third.reset(); // ended before it was due
    while (!first.expired()) {
        co_await s.more_ticks(1);
    }
    BOOST_TEST_REQUIRE(!order.empty());
    BOOST_TEST(order.front() == 's');
    BOOST_TEST(order.back() == 's'); // still overdue, and behind the other in the list
    BOOST_TEST(later.calls == 1);
    BOOST_TEST(gone.calls == 0);
}

struct waiting_timer {
    explicit waiting_timer(executor ex)
        : timer(ex, steady_clock::time_point::max()) {}
    steady_timer timer;
    static void call(void* self) { static_cast<waiting_timer*>(self)->timer.cancel(); }
};

awaitable<void> ends_an_operation(sweeping& s) {
    waiting_timer w(s.context.get_executor());
    deadline d(s.deadlines, waiting_timer::call, &w);
    d.expires_after(1ms);
    auto [ec] = co_await w.timer.async_wait(use_tuple);
    BOOST_TEST((ec == asio::error::operation_aborted));
    BOOST_TEST(d.expired());
    // What its owner begins before it moves the deadline is cancelled too.
    w.timer.expires_at(steady_clock::time_point::max());
    auto [again] = co_await w.timer.async_wait(use_tuple);
    BOOST_TEST((again == asio::error::operation_aborted));
}

awaitable<void> nothing() {
    co_return;
}

} // namespace

BOOST_AUTO_TEST_SUITE(deadlines)

BOOST_AUTO_TEST_CASE(fires_at_every_tick_until_it_is_moved) {
    sweeping s;
    s.run(overdue_until_moved(s));
}

BOOST_AUTO_TEST_CASE(zero_cleared_and_moved_ones_never_fire) {
    sweeping s;
    s.run(never_due(s));
}

BOOST_AUTO_TEST_CASE(the_earlier_fires_first) {
    sweeping s;
    s.run(in_order(s));
}

BOOST_AUTO_TEST_CASE(cancels_what_waits) {
    sweeping s;
    s.run(ends_an_operation(s));
}

BOOST_AUTO_TEST_CASE(stops_at_once_and_tells_the_time) {
    sweeping s;
    const auto before = s.deadlines.now();
    BOOST_TEST((before <= steady_clock::now()));
    s.run(nothing());
    const int ticks = s.ticks;
    s.context.restart();
    s.context.run(); // nothing is left to run
    BOOST_TEST(s.ticks == ticks);
    BOOST_TEST((s.deadlines.now() >= before));
    deadline_service never_run(s.context.get_executor());
    never_run.stop();
    test::run(s.context, never_run.run());
}

BOOST_AUTO_TEST_CASE(it_says_what_ran_out) {
    BOOST_TEST(timeout_text("app.response_timeout", 60s) == "app.response_timeout (60s) ran out");
    BOOST_TEST(timeout_text("connect_timeout", 1500ms) == "connect_timeout (1500ms) ran out");
    BOOST_TEST(timeout_text("connect_timeout", 0ms) == "connect_timeout (0s) ran out");
    sweeping s;
    deadline d(
        s.deadlines, [](void*) {}, nullptr);
    d.expires_after(2s, "limits.send_timeout");
    BOOST_TEST(d.text() == "limits.send_timeout (2s) ran out");
    d.clear();
    BOOST_TEST(d.text() == "limits.send_timeout (2s) ran out");
}

BOOST_AUTO_TEST_SUITE_END()
