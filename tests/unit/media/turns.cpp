#include <sluice/base/worker.hpp>
#include <sluice/media/turns.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

namespace {

using sluice::awaitable;
using sluice::event;
using sluice::executor;
using sluice::media::turns;
namespace asio = boost::asio;

std::shared_ptr<event> waker(asio::io_context& context) {
    return std::make_shared<event>(context.get_executor());
}

awaitable<void> pass(asio::io_context& context, turns& lines, std::string name, std::vector<int>& order, int number) {
    const auto wake = waker(context);
    const turns::place place(lines, name, wake);
    while (!place.has_turn()) {
        co_await wake->wait();
    }
    order.push_back(number);
}

} // namespace

BOOST_AUTO_TEST_SUITE(proxy_turns)

BOOST_AUTO_TEST_CASE(the_first_has_it_at_once_and_the_next_when_it_ends) {
    asio::io_context context;
    turns lines;
    std::optional<turns::place> first(std::in_place, lines, "a", waker(context));
    BOOST_TEST(first->has_turn());
    BOOST_TEST(!first->is_awaited());
    std::vector<int> order;
    for (int i = 0; i < 5; ++i) {
        asio::co_spawn(context, pass(context, lines, "a", order, i), asio::detached);
    }
    asio::co_spawn(context, pass(context, lines, "b", order, 9), asio::detached);
    context.poll();
    BOOST_TEST(first->is_awaited());
    BOOST_TEST(order == std::vector<int>{9}, boost::test_tools::per_element());
    first.reset();
    context.restart();
    context.run();
    const std::vector<int> expected{9, 0, 1, 2, 3, 4};
    BOOST_TEST(order == expected, boost::test_tools::per_element());
    BOOST_TEST(lines.size() == 0U);
}

BOOST_AUTO_TEST_CASE(who_leaves_the_line_keeps_nobody) {
    asio::io_context context;
    turns lines;
    std::optional<turns::place> first(std::in_place, lines, "a", waker(context));
    std::optional<turns::place> second(std::in_place, lines, "a", waker(context));
    const turns::place third(lines, "a", waker(context));
    second.reset();
    BOOST_TEST(first->has_turn());
    BOOST_TEST(!third.has_turn());
    first.reset();
    BOOST_TEST(third.has_turn());
    BOOST_TEST(!third.is_awaited());
}

BOOST_AUTO_TEST_CASE(one_at_a_time_over_all_threads) {
    constexpr int workers = 4;
    constexpr int each = 500;
    turns lines;
    std::atomic<int> inside{0};
    std::atomic<int> passed{0};
    std::atomic<bool> overlapped{false};
    const auto visit = [](asio::io_context& context, turns& all, std::atomic<int>& in, std::atomic<int>& done,
                          std::atomic<bool>& both) -> awaitable<void> {
        const auto wake = waker(context);
        const turns::place place(all, "a", wake);
        while (!place.has_turn()) {
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
                asio::co_spawn(context, visit(context, lines, inside, passed, overlapped), asio::detached);
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
    BOOST_TEST(lines.size() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
