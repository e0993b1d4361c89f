#include <sluice/base/single_flight.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/test/unit_test.hpp>

#include "running.hpp"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

using namespace sluice;

namespace {

using flights = single_flight<int>;
constexpr int abandoned = -1;

awaitable<void> follow_unless(flights& f, std::string key, std::shared_ptr<async_event> wake, const bool& gone,
                              int& got) {
    auto flight = f.join(key);
    const auto given_up = [&gone] { return gone; };
    const auto value = co_await flight.wait_unless(wake, given_up);
    got = value.value_or(0);
}

awaitable<void> follow(flights& f, std::string key, std::vector<int>& got) {
    const auto ex = co_await asio::this_coro::executor;
    auto flight = f.join(key);
    BOOST_TEST(!flight.leads());
    const int value = co_await flight.wait(ex);
    got.push_back(value);
}

/// What the workers saw; Boost.Test's own checks are for one thread alone.
struct seen {
    std::atomic<int> at_work{0};
    std::atomic<int> led{0};
    std::atomic<int> faults{0};
};

/// Asks `rounds` times for one key; counts how often it had to do the work itself.
awaitable<void> ask_often(flights& f, int rounds, seen& s) {
    const auto ex = co_await asio::this_coro::executor;
    for (int i = 0; i < rounds; ++i) {
        auto flight = f.join("key");
        if (flight.leads()) {
            s.faults.fetch_add(s.at_work.fetch_add(1) == 0 ? 0 : 1); // never two at once
            s.led.fetch_add(1);
            co_await test::turn();
            s.at_work.fetch_sub(1);
            flight.complete(i);
        } else {
            const int value = co_await flight.wait(ex);
            s.faults.fetch_add(value >= 0 ? 0 : 1);
        }
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(single_flights)

BOOST_AUTO_TEST_CASE(who_gives_up_waits_no_longer) {
    asio::io_context context{1};
    flights f(abandoned);
    auto leader = f.join("a");
    const auto wake = std::make_shared<async_event>(context.get_executor());
    const auto other = std::make_shared<async_event>(context.get_executor());
    bool gone = false;
    const bool stays = false;
    int got = -2;
    int others = -2;
    asio::co_spawn(context, follow_unless(f, "a", wake, gone, got), asio::detached);
    asio::co_spawn(context, follow_unless(f, "a", other, stays, others), asio::detached);
    context.poll();
    wake->notify(); // for nothing
    context.poll();
    BOOST_TEST(got == -2);
    gone = true;
    wake->notify();
    context.poll();
    BOOST_TEST(got == 0);
    leader.complete(7);
    context.restart();
    context.run();
    BOOST_TEST(others == 7);
    BOOST_TEST(got == 0);
}

BOOST_AUTO_TEST_CASE(one_leads_and_all_get_what_it_gives) {
    asio::io_context context{1};
    flights f(abandoned);
    std::vector<int> got;
    auto leader = f.join("a");
    BOOST_TEST(leader.leads());
    auto apart = f.join("b"); // another key: another flight
    BOOST_TEST(apart.leads());
    for (int i = 0; i < 3; ++i) {
        asio::co_spawn(context, follow(f, "a", got), asio::detached);
    }
    context.poll();
    BOOST_TEST(got.empty());
    leader.complete(7);
    BOOST_TEST(!leader.leads());
    // Who comes now leads anew, while the earlier ones get the earlier value.
    auto next = f.join("a");
    BOOST_TEST(next.leads());
    context.restart();
    context.run();
    BOOST_TEST((got == std::vector<int>{7, 7, 7}));
    next.complete(8);
    apart.complete(9);
}

BOOST_AUTO_TEST_CASE(a_leader_that_ends_early_frees_those_who_wait) {
    asio::io_context context{1};
    flights f(abandoned);
    std::vector<int> got;
    {
        auto leader = f.join("a");
        const auto moved = std::move(leader); // the flight moves, and is given up once
        asio::co_spawn(context, follow(f, "a", got), asio::detached);
        context.poll();
        BOOST_TEST(got.empty());
    }
    context.restart();
    context.run();
    BOOST_TEST(got == std::vector<int>{abandoned});
    BOOST_TEST(f.join("a").leads());
    BOOST_TEST(f.join("a").leads()); // the one before was dropped again
}

BOOST_AUTO_TEST_CASE(only_a_flight_of_one_is_closed_and_then_nobody_joins_it) {
    flights f(abandoned);
    {
        auto leader = f.join("a");
        {
            const auto follower = f.join("a");
            BOOST_TEST(!follower.leads());
            BOOST_TEST(!leader.close_if_alone());
        }
        BOOST_TEST(leader.close_if_alone()); // the other has left
        BOOST_TEST(leader.close_if_alone());
        auto next = f.join("a");
        BOOST_TEST(next.leads());
        leader.complete(1); // takes nothing from the next
        const auto joins = f.join("a");
        BOOST_TEST(!joins.leads());
        BOOST_TEST(!next.close_if_alone());
    }
    BOOST_TEST(f.join("a").leads());
}

BOOST_AUTO_TEST_CASE(a_follower_may_come_to_its_wait_late) {
    asio::io_context context{1};
    flights f(abandoned);
    auto leader = f.join("a");
    auto follower = f.join("a");
    leader.complete(3);
    int value = 0;
    asio::co_spawn(context, follower.wait(context.get_executor()), [&value](std::exception_ptr, int v) { value = v; });
    context.run();
    BOOST_TEST(value == 3);
}

BOOST_AUTO_TEST_CASE(across_workers) {
    flights f(abandoned);
    seen s;
    constexpr int rounds = 500;
    constexpr int workers = 3;
    std::vector<std::thread> threads;
    for (int i = 0; i < workers; ++i) {
        threads.emplace_back([&] {
            asio::io_context context{1};
            auto guard = asio::make_work_guard(context);
            asio::co_spawn(context, ask_often(f, rounds, s), [&guard](const std::exception_ptr&) { guard.reset(); });
            context.run(); // a follower that nobody wakes would keep it for ever
        });
    }
    for (auto& t : threads) {
        t.join();
    }
    BOOST_TEST(s.faults.load() == 0);
    BOOST_TEST(s.led.load() >= rounds);
    BOOST_TEST(s.led.load() <= workers * rounds);
    BOOST_TEST(f.join("key").leads());
}

BOOST_AUTO_TEST_SUITE_END()
