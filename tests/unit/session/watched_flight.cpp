#include <sluice/session/watched_flight.hpp>

#include <boost/asio/detached.hpp>
#include <boost/test/unit_test.hpp>

#include "polled_client.hpp"

namespace sluice::session {
namespace {

using namespace std::chrono_literals;
using flights = single_flight<int>;

struct canceler {
    void cancel() noexcept { is_canceled = true; }
    [[nodiscard]] bool canceled() const noexcept { return is_canceled; }
    bool is_canceled{false};
};

struct fixture : polling_worker {
    /// Lets all go on as far as they can.
    void turn() {
        w.context.restart();
        w.context.poll();
    }

    flights calls{-1};
    polled_client first{w, *context};
    polled_client second{w, *context};
    canceler work;
};

awaitable<void> join(flights& calls, exchange& x, std::optional<int>& got) {
    auto flight = calls.join("a");
    got = co_await follow(x, flight);
}

} // namespace

BOOST_AUTO_TEST_SUITE(watched_flights)

BOOST_AUTO_TEST_CASE(a_leader_that_is_alone_gives_up_when_its_client_leaves) {
    fixture f;
    auto flight = f.calls.join("a");
    leader_watch watch(*f.first.x, flight, f.work);
    f.poll(0ms);
    BOOST_TEST(!f.work.is_canceled);
    f.first.reset();
    f.poll(1ms);
    BOOST_TEST(watch.client_gone());
    BOOST_TEST(watch.gave_up());
    BOOST_TEST(f.calls.join("a").leads()); // who comes now does not get what comes of it
}

BOOST_AUTO_TEST_CASE(it_goes_on_as_long_as_anybody_follows) {
    fixture f;
    auto flight = f.calls.join("a");
    leader_watch watch(*f.first.x, flight, f.work);
    std::optional<int> got = 0;
    asio::co_spawn(f.w.context, join(f.calls, *f.second.x, got), asio::detached);
    f.turn();
    f.first.reset();
    f.poll(0ms);
    f.poll(1000ms);
    BOOST_TEST(watch.client_gone());
    BOOST_TEST(!watch.gave_up());
    f.second.reset();
    f.poll(1001ms);
    f.turn();
    BOOST_TEST(!got.has_value());
    f.poll(1002ms);
    BOOST_TEST(watch.gave_up());
}

BOOST_AUTO_TEST_CASE(who_stays_gets_what_the_one_who_left_asked_for) {
    fixture f;
    auto flight = f.calls.join("a");
    leader_watch watch(*f.first.x, flight, f.work);
    std::optional<int> got;
    asio::co_spawn(f.w.context, join(f.calls, *f.second.x, got), asio::detached);
    f.turn();
    f.first.reset();
    f.poll(0ms);
    flight.complete(7);
    f.turn();
    BOOST_TEST(got.value_or(0) == 7);
    BOOST_TEST(!watch.gave_up());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::session
