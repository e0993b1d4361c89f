#include <sluice/base/task_group.hpp>

#include <boost/asio/detached.hpp>
#include <boost/test/unit_test.hpp>

#include "running.hpp"

#include <stdexcept>
#include <vector>

using namespace sluice;

namespace {

awaitable<void> wait_for(std::shared_ptr<async_event> e) {
    co_await e->wait();
}

awaitable<void> throw_something(bool standard) {
    co_await test::turn();
    if (standard) {
        throw std::runtime_error("thrown by a test");
    }
    throw 5;
}

awaitable<void> note_when_drained(task_group& g, int& drained) {
    co_await g.drained();
    ++drained;
}

/// A task that starts another as its last act, `depth` times over.
awaitable<void> beget(task_group& g, int depth, int& ran) {
    co_await test::turn();
    ++ran;
    if (depth > 0) {
        g.spawn(beget(g, depth - 1, ran));
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(task_groups)

BOOST_AUTO_TEST_CASE(drained_when_the_last_has_ended) {
    asio::io_context context{1};
    task_group g(context.get_executor());
    const auto one = std::make_shared<async_event>(context.get_executor());
    const auto two = std::make_shared<async_event>(context.get_executor());
    g.spawn(wait_for(one));
    g.spawn(wait_for(two));
    BOOST_TEST(g.size() == 2U);
    int drained = 0;
    asio::co_spawn(context, note_when_drained(g, drained), asio::detached);
    context.poll();
    BOOST_TEST(drained == 0);
    one->notify();
    context.restart();
    context.poll();
    BOOST_TEST(g.size() == 1U);
    BOOST_TEST(drained == 0);
    two->notify();
    context.restart();
    context.run();
    BOOST_TEST(g.size() == 0U);
    BOOST_TEST(drained == 1);
    // Idle it stays drained, though it was idle and notified before; with a new task it is not.
    test::run(context, note_when_drained(g, drained));
    BOOST_TEST(drained == 2);
    g.spawn(wait_for(one));
    asio::co_spawn(context, note_when_drained(g, drained), asio::detached);
    context.poll();
    BOOST_TEST(drained == 2);
    one->notify();
    context.restart();
    context.run();
    BOOST_TEST(drained == 3);
}

BOOST_AUTO_TEST_CASE(what_a_task_throws_ends_that_task_alone) {
    asio::io_context context{1};
    task_group g(context.get_executor());
    const auto other = std::make_shared<async_event>(context.get_executor());
    g.spawn(throw_something(true)); // logged, to standard error here
    g.spawn(throw_something(false));
    g.spawn(wait_for(other));
    context.poll();
    BOOST_TEST(g.size() == 1U);
    other->notify();
    int drained = 0;
    test::run(context, note_when_drained(g, drained));
    BOOST_TEST(drained == 1);
    BOOST_TEST(g.size() == 0U);
}

BOOST_AUTO_TEST_CASE(tasks_of_tasks_count) {
    asio::io_context context{1};
    task_group g(context.get_executor());
    int ran = 0;
    int drained = 0;
    g.spawn(beget(g, 9, ran));
    asio::co_spawn(context, note_when_drained(g, drained), asio::detached);
    while (drained == 0) {
        BOOST_TEST_REQUIRE(context.run_one() == 1U);
    }
    BOOST_TEST(ran == 10);
}

BOOST_AUTO_TEST_SUITE_END()
