#include <sluice/base/worker.hpp>
#include <sluice/media/keyed_mutex.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

namespace {

using sluice::async_event;
using sluice::awaitable;
using sluice::executor;
using sluice::media::keyed_mutex;
namespace asio = boost::asio;

std::shared_ptr<async_event> waker(asio::io_context& context) {
    return std::make_shared<async_event>(context.get_executor());
}

awaitable<void> pass(asio::io_context& context, keyed_mutex& locks, std::string name, std::vector<int>& order,
                     int number) {
    const auto wake = waker(context);
    const keyed_mutex::ticket ticket(locks, name, wake);
    while (!ticket.owns_lock()) {
        co_await wake->wait();
    }
    order.push_back(number);
}

} // namespace

BOOST_AUTO_TEST_SUITE(keyed_mutexes)

BOOST_AUTO_TEST_CASE(the_first_owns_it_at_once_and_the_next_when_that_ends) {
    asio::io_context context;
    keyed_mutex locks;
    std::optional<keyed_mutex::ticket> first(std::in_place, locks, "a", waker(context));
    BOOST_TEST(first->owns_lock());
    BOOST_TEST(!first->is_contended());
    std::vector<int> order;
    for (int i = 0; i < 5; ++i) {
        asio::co_spawn(context, pass(context, locks, "a", order, i), asio::detached);
    }
    asio::co_spawn(context, pass(context, locks, "b", order, 9), asio::detached);
    context.poll();
    BOOST_TEST(first->is_contended());
    BOOST_TEST(order == std::vector<int>{9}, boost::test_tools::per_element());
    first.reset();
    context.restart();
    context.run();
    const std::vector<int> expected{9, 0, 1, 2, 3, 4};
    BOOST_TEST(order == expected, boost::test_tools::per_element());
    BOOST_TEST(locks.size() == 0U);
}

BOOST_AUTO_TEST_CASE(a_waiter_that_leaves_holds_nobody_up) {
    asio::io_context context;
    keyed_mutex locks;
    std::optional<keyed_mutex::ticket> first(std::in_place, locks, "a", waker(context));
    std::optional<keyed_mutex::ticket> second(std::in_place, locks, "a", waker(context));
    const keyed_mutex::ticket third(locks, "a", waker(context));
    second.reset();
    BOOST_TEST(first->owns_lock());
    BOOST_TEST(!third.owns_lock());
    first.reset();
    BOOST_TEST(third.owns_lock());
    BOOST_TEST(!third.is_contended());
}

BOOST_AUTO_TEST_CASE(one_at_a_time_over_all_threads) {
    constexpr int workers = 4;
    constexpr int each = 500;
    keyed_mutex locks;
    std::atomic<int> inside{0};
    std::atomic<int> passed{0};
    std::atomic<bool> overlapped{false};
    const auto visit = [](asio::io_context& context, keyed_mutex& all, std::atomic<int>& in, std::atomic<int>& done,
                          std::atomic<bool>& both) -> awaitable<void> {
        const auto wake = waker(context);
        const keyed_mutex::ticket ticket(all, "a", wake);
        while (!ticket.owns_lock()) {
            co_await wake->wait();
        }
        both = both || in.fetch_add(1) != 0;
        std::this_thread::yield();
        in.fetch_sub(1);
        done.fetch_add(1);
    };
    std::vector<std::thread> threads;
    for (int w = 0; w < workers; ++w) {
        threads.emplace_back([&] {
            asio::io_context context{1};
            for (int i = 0; i < each; ++i) {
                asio::co_spawn(context, visit(context, locks, inside, passed, overlapped), asio::detached);
            }
            const auto guard = asio::make_work_guard(context);
            while (passed < workers * each) {
                context.run_for(std::chrono::milliseconds(10));
            }
        });
    }
    for (auto& t : threads) {
        t.join();
    }
    BOOST_TEST(!overlapped);
    BOOST_TEST(passed == workers * each);
    BOOST_TEST(locks.size() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
