#include <sluice/identity/refreshing_provider.hpp>
#include <sluice/identity/rfc3339.hpp>

#include "scripted_client.hpp"

#include <stdexcept>

namespace sluice::identity::test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const time_point noon = parse_rfc3339("2026-01-15T12:00:00Z").value();

/// Gives what it was told to, in order; then throws.
class told_source final : public source<bearer_token> {
public:
    explicit told_source(std::vector<result<bearer_token>> answers, bool calls_out = false)
        : answers_(std::move(answers))
        , calls_out_(calls_out) {}
    awaitable<result<bearer_token>> fetch(http_client& client) override {
        if (calls_out_) {
            http_request c;
            c.target = "/";
            auto answer = co_await client.send(c);
            if (!answer) {
                co_return answer.error();
            }
        }
        if (next_ == answers_.size()) {
            throw std::runtime_error("nothing is left");
        }
        co_return answers_[next_++];
    }
    [[nodiscard]] std::string name() const override { return "told"; }

private:
    std::vector<result<bearer_token>> answers_;
    bool calls_out_;
    std::size_t next_{0};
};

bearer_token token(std::string text, std::optional<time_point> expires,
                   std::optional<time_point> refresh_at = std::nullopt) {
    return {secret(text), expires, "me", refresh_at};
}

error trouble() {
    return {errc::no_credentials, error_source::origin, true, "told: trouble"};
}

std::unique_ptr<source<bearer_token>> telling(std::vector<result<bearer_token>> answers, bool calls_out = false) {
    return std::make_unique<told_source>(std::move(answers), calls_out);
}

/// What happened while `run` ran.
struct seen {
    unsigned tried{0};
    unsigned failed{0};
    std::vector<std::optional<time_point>> published{};
};

refresh_observer watching(
    seen& s, std::function<void()> after = [] {}) {
    refresh_observer o;
    o.tried = [&s, after](bool ok) {
        ++s.tried;
        s.failed += ok ? 0U : 1U;
        after();
    };
    o.published = [&s](std::optional<time_point> expires) { s.published.push_back(expires); };
    return o;
}

awaitable<void> run_there(refreshable& r, http_client& client) {
    const auto ex = co_await asio::this_coro::executor;
    co_await r.run(ex, client);
}

awaitable<void> stop_soon(refreshable& r) {
    const auto ex = co_await asio::this_coro::executor;
    for (int i = 0; i != 20; ++i) {
        co_await asio::post(ex, asio::use_awaitable_t<executor>{});
    }
    r.stop();
}

awaitable<void> run_and_stop(refreshable& r, http_client& client) {
    const auto ex = co_await asio::this_coro::executor;
    asio::co_spawn(ex, stop_soon(r), [](const std::exception_ptr&) {});
    co_await r.run(ex, client);
}

} // namespace

BOOST_AUTO_TEST_SUITE(renewal)

BOOST_AUTO_TEST_CASE(plan_after_success) {
    const auto wait = [](milliseconds life, double random) {
        return refresh_schedule::after_success(noon, noon + life, std::nullopt, random);
    };
    BOOST_TEST((refresh_schedule::after_success(noon, std::nullopt, std::nullopt, 0.5) == milliseconds::max()));
    BOOST_TEST((wait(hours(1), 0.5) == minutes(54)));    // a tenth: 6 minutes
    BOOST_TEST((wait(hours(12), 0.5) == minutes(705)));  // 15 minutes at most
    BOOST_TEST((wait(minutes(30), 0.5) == minutes(25))); // 5 at least
    BOOST_TEST((wait(minutes(8), 0.5) == minutes(4)));
    BOOST_TEST((wait(seconds(3), 0.5) == milliseconds(1500)));
    BOOST_TEST((wait(milliseconds(0), 0.5) == milliseconds(100)));
    BOOST_TEST((wait(-hours(5), 0.5) == milliseconds(100)));
    for (const auto life : {milliseconds(seconds(1)), milliseconds(minutes(9)), milliseconds(minutes(10)),
                            milliseconds(minutes(11)), milliseconds(hours(1)), milliseconds(hours(24 * 7))}) {
        for (const double random : {0.0, 0.3, 1.0}) {
            BOOST_TEST((wait(life, random) < life), life.count() << " ms");
            BOOST_TEST((wait(life, random) >= milliseconds(100)));
        }
        BOOST_TEST((wait(life, 0.0) != wait(life, 1.0)));
    }
}

BOOST_AUTO_TEST_CASE(plan_where_it_is_to_be_asked_again_sooner) {
    const auto wait = [](milliseconds again, double random, std::optional<time_point> expires = std::nullopt) {
        return refresh_schedule::after_success(noon, expires, noon + again, random);
    };
    // Sooner by up to a tenth, so that those which began together do not ask together for ever; never later.
    BOOST_TEST((wait(hours(12), 0.0) == hours(12)));
    BOOST_TEST((wait(hours(12), 0.5) == minutes(684)));
    BOOST_TEST((wait(hours(12), 1.0) == minutes(648)));
    BOOST_TEST((wait(hours(12), 0.5, noon + hours(24)) == minutes(684)));
    BOOST_TEST((wait(hours(12), 0.5, noon + hours(1)) == minutes(54))); // whichever is sooner
    BOOST_TEST((wait(milliseconds(1), 0.5) == milliseconds(100)));
    BOOST_TEST((wait(-hours(5), 1.0, noon + hours(1)) == milliseconds(100)));
}

BOOST_AUTO_TEST_CASE(plan_after_failure) {
    const auto wait = [](unsigned n, std::optional<time_point> expires = std::nullopt, double random = 0.5) {
        return refresh_schedule::after_failure(n, noon, expires, random);
    };
    BOOST_TEST((wait(1) == seconds(1)));
    BOOST_TEST((wait(2) == seconds(2)));
    BOOST_TEST((wait(6, noon + hours(10)) == seconds(32)));
    BOOST_TEST((wait(7, noon + hours(10)) == seconds(60)));
    BOOST_TEST((wait(4'000'000'000U, noon + hours(10)) == seconds(60)));
    BOOST_TEST((wait(7, time_point::max()) == seconds(60))); // good for ever
    BOOST_TEST((wait(4) == seconds(8)));
    BOOST_TEST((wait(5) == seconds(10)));
    BOOST_TEST((wait(4'000'000'000U) == seconds(10)));
    BOOST_TEST((wait(1, std::nullopt, 0.0) == milliseconds(800)));
    BOOST_TEST((wait(1, std::nullopt, 1.0) == milliseconds(1200)));
    BOOST_TEST((wait(9, noon - hours(1)) == seconds(10)));
    BOOST_TEST((wait(9, noon + milliseconds(10)) == milliseconds(100)));
    // Three tries before the end, whatever the row of failures.
    for (const auto left : {milliseconds(1000), milliseconds(seconds(40)), milliseconds(minutes(5))}) {
        auto now = noon;
        unsigned tries = 0;
        for (unsigned n = 5; now < noon + left && tries < 3; ++n) {
            now += refresh_schedule::after_failure(n, now, noon + left, 1.0);
            tries += now < noon + left ? 1U : 0U;
        }
        BOOST_TEST(tries == 3U, left.count() << " ms");
    }
}

BOOST_AUTO_TEST_CASE(what_is_good_stays) {
    auto now = noon;
    seen s;
    scripted_client client;
    refreshing_provider<bearer_token> r(
        telling({trouble(), token("late", noon - seconds(1)), token("a", noon + hours(2)), trouble(),
                 token("ends sooner", noon + hours(1)), token("expired", noon - hours(1)), token("b", noon + hours(3)),
                 token("c", noon + hours(2)), token("d", std::nullopt), token("d", std::nullopt),
                 token("e", std::nullopt), token("f", noon + hours(9))}),
        [&now] { return now; });
    r.observe(watching(s));
    BOOST_TEST(r.status().source == "told");
    const auto step_gives = [&](bool ok, std::string_view text) {
        BOOST_TEST(run(r.refresh(client)).has_value() == ok);
        BOOST_TEST((r.current() ? std::string(r.current()->token.reveal()) : "none") == text);
        BOOST_TEST(r.status().last_attempt.has_error() == !ok);
    };
    step_gives(false, "none");
    BOOST_TEST(r.status().last_attempt.error().detail == "told: trouble");
    step_gives(false, "none"); // came expired
    step_gives(true, "a");
    BOOST_TEST(r.status().who == "me");
    BOOST_TEST((r.status().expires == noon + hours(2)));
    step_gives(false, "a");
    step_gives(true, "a"); // what ends sooner is no gain
    step_gives(false, "a");
    step_gives(true, "b");
    now = noon + hours(3) - seconds(1);
    step_gives(false, "b"); // c has expired by now
    step_gives(true, "d");
    const auto before = r.current();
    step_gives(true, "d");
    BOOST_TEST((r.current() == before)); // the same: signers keep what they made with it
    step_gives(true, "e");               // what never ends makes way for whatever is newer
    step_gives(true, "f");
    BOOST_TEST(s.tried == 12U);
    BOOST_TEST(s.failed == 5U);
    BOOST_TEST(s.published.size() == 5U);
    step_gives(false, "f"); // the source throws
    BOOST_TEST(r.status().last_attempt.error().detail.find("nothing is left") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_expired_one_is_replaced_by_any_that_is_good) {
    auto now = noon;
    scripted_client client;
    refreshing_provider<bearer_token> r(telling({token("a", noon + hours(2)), token("b", noon + hours(3))}),
                                        [&now] { return now; });
    BOOST_TEST(run(r.refresh(client)).has_value());
    now = noon + hours(2) + minutes(30);
    BOOST_TEST(run(r.refresh(client)).has_value());
    BOOST_TEST(r.current()->token.reveal() == "b");
}

BOOST_AUTO_TEST_CASE(runs_before_each_expiry_and_after_failures) {
    using clock = std::chrono::system_clock;
    const auto start = clock::now();
    seen s;
    scripted_client client;
    refreshing_provider<bearer_token> r(telling({token("a", start + milliseconds(600)), trouble(), trouble(),
                                                 token("b", start + seconds(3600)), token("c", start + seconds(7200))}),
                                        system_wall_clock());
    bool gap = false;
    r.observe(watching(s, [&] {
        const auto now = r.current();
        gap = gap || !now || *now->expires <= clock::now();
        if (s.tried == 4U) {
            r.stop();
        }
    }));
    run(run_there(r, client));
    BOOST_TEST(s.tried == 4U);
    BOOST_TEST(s.failed == 2U);
    BOOST_TEST(s.published.size() == 2U);
    BOOST_TEST(!gap);
    BOOST_TEST(r.current()->token.reveal() == "b");
    BOOST_TEST((clock::now() - start < seconds(1)));
}

BOOST_AUTO_TEST_CASE(what_may_change_is_asked_for_again) {
    seen s;
    scripted_client client;
    const auto soon = std::chrono::system_clock::now();
    refreshing_provider<bearer_token> r(
        telling({token("a", std::nullopt, soon), token("a", std::nullopt, soon), token("b", std::nullopt)}),
        system_wall_clock());
    r.observe(watching(s, [&] {
        if (s.tried == 3U) {
            r.stop();
        }
    }));
    run(run_there(r, client));
    BOOST_TEST(r.current()->token.reveal() == "b");
    BOOST_TEST(s.published.size() == 2U);
}

BOOST_AUTO_TEST_CASE(an_early_renewal_leaves_the_end_as_it_is) {
    const auto start = std::chrono::system_clock::now();
    const auto end = start + hours(24);
    seen s;
    scripted_client client;
    // The second brings nothing new but the time at which to ask again.
    refreshing_provider<bearer_token> r(telling({token("a", end, start), token("a", end, start), trouble()}),
                                        system_wall_clock());
    r.observe(watching(s, [&] {
        BOOST_TEST((r.status().expires == end));
        if (s.tried == 3U) {
            r.stop();
        }
    }));
    run(run_there(r, client));
    BOOST_TEST((std::chrono::system_clock::now() - start < seconds(5)));
    BOOST_TEST(s.failed == 1U); // it failed, however long the token is good
    BOOST_TEST(s.published.size() == 1U);
    BOOST_TEST(r.status().last_attempt.has_error());
    BOOST_TEST(r.current()->token.reveal() == "a");
}

BOOST_AUTO_TEST_CASE(whom_a_token_stands_for_is_news) {
    const auto anonymous = [](time_point expires) { return bearer_token{secret("a"), expires, ""}; };
    scripted_client client;
    refreshing_provider<bearer_token> r(
        telling({anonymous(noon + hours(1)), anonymous(noon + hours(1) - seconds(1)),
                 token("a", noon + hours(1) - seconds(1)), anonymous(noon + minutes(59))}),
        [] { return noon; });
    for (const std::string who : {"", "", "me", "me"}) {
        BOOST_TEST(run(r.refresh(client)).has_value());
        BOOST_TEST(r.status().who == who);
    }
}

BOOST_AUTO_TEST_CASE(another_source_s_count_however_soon_they_end) {
    /// The first is told by one link of a chain, those after it by another.
    struct two_links final : source<bearer_token> {
        awaitable<result<bearer_token>> fetch(http_client& client) override {
            static_cast<void>(client);
            ++asked;
            co_return token(std::to_string(asked), noon + hours(asked == 1 ? 6 : asked == 2 ? 2 : 1));
        }
        [[nodiscard]] std::string name() const override { return asked <= 1 ? "one" : "another"; }
        int asked{0};
    };
    scripted_client client;
    refreshing_provider<bearer_token> r(std::make_unique<two_links>(), [] { return noon; });
    for (const std::string expected : {"1", "2", "2"}) { // the third is late, of the same
        BOOST_TEST(run(r.refresh(client)).has_value());
        BOOST_TEST(r.current()->token.reveal() == expected);
    }
}

BOOST_AUTO_TEST_CASE(stop_ends_a_sleep_and_a_call_and_all_later_runs) {
    {
        scripted_client client;
        refreshing_provider<bearer_token> r(telling({token("a", std::nullopt)}), system_wall_clock());
        run(run_and_stop(r, client)); // ends: the sleep would last for ever
        BOOST_TEST(r.current()->token.reveal() == "a");
        run(run_there(r, client));
    }
    {
        step hanging = answers("GET", "/", 200, "");
        hanging.hangs = true;
        scripted_client client({hanging});
        seen s;
        refreshing_provider<bearer_token> r(telling({token("a", std::nullopt)}, true), system_wall_clock());
        r.observe(watching(s));
        run(run_and_stop(r, client));
        BOOST_TEST(client.cut == 1U);
        BOOST_TEST(!r.current());
        BOOST_TEST(s.tried == 0U); // being stopped is no failure
        BOOST_TEST(r.status().last_attempt.has_value());
    }
    {
        scripted_client client;
        refreshing_provider<bearer_token> r(telling({}), system_wall_clock());
        r.stop();
        run(run_there(r, client));
        BOOST_TEST(!r.current());
    }
}

BOOST_AUTO_TEST_CASE(a_context_that_ends_in_the_middle_leaves_nothing) {
    step hanging = answers("GET", "/", 200, "");
    hanging.hangs = true;
    scripted_client client({hanging});
    refreshing_provider<bearer_token> r(telling({token("a", std::nullopt)}, true), system_wall_clock());
    {
        asio::io_context context(1);
        asio::co_spawn(context, run_there(r, client), [](const std::exception_ptr&) {});
        context.poll();
    }
    BOOST_TEST(client.calls.size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::identity::test
