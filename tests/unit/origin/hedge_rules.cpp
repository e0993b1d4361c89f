#include <sluice/origin/hedge_rules.hpp>

#include <boost/test/unit_test.hpp>

#include <thread>
#include <vector>

using namespace sluice::origin;
using namespace std::chrono_literals;

namespace {

/// Takes all that there is.
int take_all(hedge_budget& b) {
    int taken = 0;
    while (b.try_take()) {
        ++taken;
    }
    return taken;
}

} // namespace

BOOST_AUTO_TEST_SUITE(hedges)

BOOST_AUTO_TEST_CASE(a_few_without_any_request_before) {
    hedge_budget b;
    BOOST_TEST(take_all(b) == hedge_budget::burst);
}

BOOST_AUTO_TEST_CASE(one_for_twenty_requests) {
    hedge_budget b;
    take_all(b);
    for (int i = 1; i <= 200; ++i) {
        b.note_request();
        BOOST_TEST(b.try_take() == (i % 20 == 0), i);
    }
}

BOOST_AUTO_TEST_CASE(no_more_than_a_few_are_saved) {
    hedge_budget b;
    for (int i = 0; i < 10'000; ++i) {
        b.note_request();
    }
    BOOST_TEST(take_all(b) == hedge_budget::burst);
}

BOOST_AUTO_TEST_CASE(never_more_from_several_threads) {
    constexpr int threads = 4;
    constexpr int requests = 10'000;
    hedge_budget b;
    std::atomic<int> taken{0};
    std::vector<std::thread> running;
    for (int t = 0; t < threads; ++t) {
        running.emplace_back([&] {
            for (int i = 0; i < requests; ++i) {
                b.note_request();
                taken += b.try_take() ? 1 : 0;
            }
        });
    }
    for (auto& t : running) {
        t.join();
    }
    const int most = threads * requests / hedge_budget::requests_each + hedge_budget::burst;
    BOOST_TEST(taken.load() <= most);
    BOOST_TEST(taken.load() >= most - hedge_budget::burst - 1); // nothing was saved: each was taken at once
}

BOOST_AUTO_TEST_CASE(which_answer_counts) {
    using enum attempt_state;
    struct row {
        attempt_state first;
        attempt_state second;
        hedge_end end;
    };
    for (const auto& r : {row{running, not_begun, hedge_end::open},
                          {answered, not_begun, hedge_end::first},
                          {failed, not_begun, hedge_end::neither},
                          {running, running, hedge_end::open},
                          {answered, running, hedge_end::first},
                          {running, answered, hedge_end::second},
                          {answered, answered, hedge_end::first},
                          {failed, running, hedge_end::open},
                          {running, failed, hedge_end::open},
                          {failed, answered, hedge_end::second},
                          {answered, failed, hedge_end::first},
                          {failed, failed, hedge_end::neither}}) {
        BOOST_TEST((end_of(r.first, r.second) == r.end), static_cast<int>(r.first)
                                                             << ", " << static_cast<int>(r.second));
    }
}

BOOST_AUTO_TEST_CASE(what_may_be_sent_twice) {
    BOOST_TEST(may_hedge(true, 200ms, 5s));
    BOOST_TEST(!may_hedge(false, 200ms, 5s));
    BOOST_TEST(!may_hedge(true, 0ms, 5s));
    BOOST_TEST(!may_hedge(true, 200ms, 200ms));
    BOOST_TEST(!may_hedge(true, 200ms, -1s));
}

BOOST_AUTO_TEST_SUITE_END()
