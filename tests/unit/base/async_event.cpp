#include <sluice/base/async_event.hpp>

#include <boost/asio/detached.hpp>
#include <boost/test/unit_test.hpp>

#include "running.hpp"

#include <thread>
#include <vector>

using namespace sluice;

namespace {

awaitable<void> wait_and_note(std::shared_ptr<async_event> e, std::vector<int>& order, int what) {
    co_await e->wait();
    order.push_back(what);
}

awaitable<void> kept_until_the_wait(std::shared_ptr<async_event> e, int& passed) {
    e->notify();
    e->notify();
    e->notify();
    co_await test::turn();
    co_await e->wait();
    ++passed;
}

awaitable<void> wait_until(std::shared_ptr<async_event> e, const std::atomic<int>& done, int enough) {
    while (done.load() < enough) {
        co_await e->wait();
    }
}

awaitable<void> wait_for(std::shared_ptr<async_event> e, steady_clock::time_point until, bool& over) {
    co_await e->wait_until(until);
    over = true;
}

/// Suspended in a wait; knows when it is destroyed.
awaitable<void> wait_holding(std::shared_ptr<async_event> e, std::shared_ptr<int> held) {
    co_await e->wait();
    *held = 1;
}

} // namespace

BOOST_AUTO_TEST_SUITE(events)

BOOST_AUTO_TEST_CASE(wakes_in_turn) {
    asio::io_context context{1};
    std::vector<int> order;
    const auto first = std::make_shared<async_event>(context.get_executor());
    const auto second = std::make_shared<async_event>(context.get_executor());
    asio::co_spawn(context, wait_and_note(first, order, 1), asio::detached);
    asio::co_spawn(context, wait_and_note(second, order, 2), asio::detached);
    context.poll();
    BOOST_TEST(order.empty());
    second->notify();
    BOOST_TEST(order.empty()); // posted, never run inside notify
    context.restart();
    context.poll();
    BOOST_TEST(order == std::vector<int>{2});
    first->notify();
    context.restart();
    context.poll();
    BOOST_TEST((order == std::vector<int>{2, 1}));
}

BOOST_AUTO_TEST_CASE(a_notification_before_the_wait_is_kept_once) {
    asio::io_context context{1};
    int passed = 0;
    const auto e = std::make_shared<async_event>(context.get_executor());
    test::run(context, kept_until_the_wait(e, passed));
    BOOST_TEST(passed == 1);
    // The three were one: another wait does not complete.
    std::vector<int> order;
    asio::co_spawn(context, wait_and_note(e, order, 1), asio::detached);
    context.poll();
    BOOST_TEST(order.empty());
    e->notify();
    context.restart();
    context.poll();
    BOOST_TEST(order.size() == 1U);
}

BOOST_AUTO_TEST_CASE(no_wake_up_is_lost_between_threads) {
    asio::io_context context{1};
    const auto e = std::make_shared<async_event>(context.get_executor());
    constexpr int each = 5000;
    std::atomic<int> done{0};
    const auto work = [&done, e] {
        for (int i = 0; i < each; ++i) {
            done.fetch_add(1);
            e->notify();
        }
    };
    std::thread one(work);
    std::thread two(work);
    test::run(context, wait_until(e, done, 2 * each)); // hangs where one is lost
    one.join();
    two.join();
    BOOST_TEST(done.load() == 2 * each);
}

BOOST_AUTO_TEST_CASE(a_notifier_may_outlive_the_waiter) {
    asio::io_context context{1};
    auto e = std::make_shared<async_event>(context.get_executor());
    const std::weak_ptr<async_event> seen = e;
    e->notify();
    e.reset();
    BOOST_TEST(!seen.expired()); // the posted wake-up holds it
    context.run();
    BOOST_TEST(seen.expired());
}

BOOST_AUTO_TEST_CASE(a_wait_ends_at_its_time) {
    asio::io_context context{1};
    bool over = false;
    const auto e = std::make_shared<async_event>(context.get_executor());
    const auto until = steady_clock::now() + std::chrono::milliseconds(20);
    test::run(context, wait_for(e, until, over));
    BOOST_TEST(over);
    BOOST_TEST((steady_clock::now() >= until));
    // What ended without a notification keeps none: the next wait does not complete.
    bool again = false;
    asio::co_spawn(context, wait_for(e, steady_clock::time_point::max(), again), asio::detached);
    context.poll();
    BOOST_TEST(!again);
    e->notify();
    context.restart();
    context.poll();
    BOOST_TEST(again);
}

BOOST_AUTO_TEST_CASE(a_notification_ends_a_wait_before_its_time) {
    asio::io_context context{1};
    bool over = false;
    const auto e = std::make_shared<async_event>(context.get_executor());
    asio::co_spawn(context, wait_for(e, steady_clock::now() + std::chrono::hours(1), over), asio::detached);
    context.poll();
    BOOST_TEST(!over);
    e->notify();
    context.restart();
    context.run(); // hangs for an hour where it does not
    BOOST_TEST(over);
}

BOOST_AUTO_TEST_CASE(a_wait_ends_with_its_context_and_the_event_may_stay) {
    const auto held = std::make_shared<int>(0);
    std::shared_ptr<async_event> e;
    {
        asio::io_context context{1};
        e = std::make_shared<async_event>(context.get_executor());
        asio::co_spawn(context, wait_holding(e, held), asio::detached);
        context.poll();
        BOOST_TEST(held.use_count() == 2);
    }
    BOOST_TEST(held.use_count() == 1);
    BOOST_TEST(e.use_count() == 1);
}

BOOST_AUTO_TEST_SUITE_END()
