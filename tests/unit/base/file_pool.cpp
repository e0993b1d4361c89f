#include <sluice/base/file_pool.hpp>

#include <boost/asio/detached.hpp>
#include <boost/test/unit_test.hpp>

#include "running.hpp"

#include <memory>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

using namespace sluice;

namespace {

/// Jobs that say when they begin and wait until they may end.
struct gate {
    std::counting_semaphore<> begun{0};
    std::counting_semaphore<> may_end{0};
    std::atomic<int> running{0};
    std::atomic<int> most{0};
    std::atomic<int> done{0};

    void pass() {
        const int now = running.fetch_add(1) + 1;
        for (int seen = most.load(); seen < now && !most.compare_exchange_weak(seen, now);) {
        }
        begun.release();
        may_end.acquire();
        running.fetch_sub(1);
        done.fetch_add(1);
    }
};

awaitable<void> pass(file_pool& pool, gate& g, int& completed) {
    auto job = [&g] {
        g.pass();
        return true;
    };
    const bool passed = co_await pool.run(std::move(job));
    completed += passed ? 1 : 0;
}

awaitable<void> where_it_runs(file_pool& pool) {
    const auto worker = std::this_thread::get_id();
    auto job = [] { return std::this_thread::get_id(); };
    const auto there = co_await pool.run(std::move(job));
    BOOST_TEST((there != worker));
    BOOST_TEST((std::this_thread::get_id() == worker)); // and back on its own worker
}

awaitable<void> move_only(file_pool& pool) {
    auto job = [text = std::make_unique<std::string>("bytes")]() mutable { return std::move(text); };
    const auto got = co_await pool.run(std::move(job));
    BOOST_TEST_REQUIRE(got != nullptr);
    BOOST_TEST(*got == "bytes");
}

awaitable<void> throwing(file_pool& pool, bool& caught) {
    auto job = []() -> bool { throw std::bad_alloc(); };
    try {
        const bool done = co_await pool.run(std::move(job));
        BOOST_TEST(!done);
    } catch (const std::bad_alloc&) {
        caught = true;
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(file_pools)

BOOST_AUTO_TEST_CASE(runs_apart_and_completes_at_home) {
    asio::io_context context{1};
    file_pool pool(1);
    test::run(context, where_it_runs(pool));
    test::run(context, move_only(pool));
    BOOST_TEST(pool.queued() == 0U);
}

BOOST_AUTO_TEST_CASE(no_more_at_once_than_threads_and_the_rest_is_told) {
    asio::io_context context{1};
    gate g;
    file_pool pool(2);
    int completed = 0;
    constexpr int jobs = 7;
    for (int i = 0; i < jobs; ++i) {
        asio::co_spawn(context, pass(pool, g, completed), asio::detached);
    }
    context.poll(); // hands them in; the worker is not held up by the jobs that wait
    BOOST_TEST(completed == 0);
    g.begun.acquire();
    g.begun.acquire();
    // Two at work, five behind them: what a user of the pool compares with its bound.
    BOOST_TEST(pool.queued() == 7U);
    BOOST_TEST(g.running.load() == 2);
    g.may_end.release();
    g.begun.acquire(); // the third begins when one of the two has ended
    BOOST_TEST(g.done.load() == 1);
    g.may_end.release(jobs - 1);
    context.restart();
    context.run(); // work that is still in the pool keeps the context
    BOOST_TEST(completed == jobs);
    BOOST_TEST(g.most.load() == 2);
    BOOST_TEST(pool.queued() == 0U);
}

BOOST_AUTO_TEST_CASE(join_waits_for_all_that_was_handed_in) {
    gate g;
    constexpr int jobs = 50;
    g.may_end.release(jobs);
    {
        file_pool pool(2);
        for (int i = 0; i < jobs; ++i) {
            pool.post([&g] { g.pass(); });
        }
        pool.join();
        BOOST_TEST(g.done.load() == jobs);
        BOOST_TEST(pool.queued() == 0U);
    } // joined again, by its end
    BOOST_TEST(g.most.load() <= 2);
}

BOOST_AUTO_TEST_CASE(what_a_job_throws_comes_to_who_waits_and_takes_no_place) {
    asio::io_context context{1};
    file_pool pool(1);
    bool caught = false;
    test::run(context, throwing(pool, caught));
    BOOST_TEST(caught);
    pool.post([] { throw std::bad_alloc(); });
    pool.join();
    BOOST_TEST(pool.queued() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
