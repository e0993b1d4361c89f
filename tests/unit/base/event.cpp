#include <sluice/base/event.hpp>

#include <boost/asio/detached.hpp>
#include <boost/test/unit_test.hpp>

#include "running.hpp"

#include <thread>
#include <vector>

using namespace sluice;

namespace {

awaitable<void> wait_and_note(std::shared_ptr<event> e, std::vector<int>& order, int what) {
    co_await e->wait();
    order.push_back(what);
}

awaitable<void> kept_until_the_wait(std::shared_ptr<event> e, int& passed) {
    e->notify();
    e->notify();
    e->notify();
    co_await test::turn();
    co_await e->wait();
    ++passed;
}

awaitable<void> wait_until(std::shared_ptr<event> e, const std::atomic<int>& done, int enough) {
    while (done.load() < enough) {
        co_await e->wait();
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(events)

BOOST_AUTO_TEST_CASE(wakes_in_turn) {
    asio::io_context context{1};
    std::vector<int> order;
    const auto first = std::make_shared<event>(context.get_executor());
    const auto second = std::make_shared<event>(context.get_executor());
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
    const auto e = std::make_shared<event>(context.get_executor());
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
    const auto e = std::make_shared<event>(context.get_executor());
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
    auto e = std::make_shared<event>(context.get_executor());
    const std::weak_ptr<event> seen = e;
    e->notify();
    e.reset();
    BOOST_TEST(!seen.expired()); // the posted wake-up holds it
    context.run();
    BOOST_TEST(seen.expired());
}

BOOST_AUTO_TEST_SUITE_END()
