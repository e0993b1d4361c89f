#include <sluice/authorize/decision_cache.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using namespace sluice;
using namespace std::chrono_literals;
using authorize::decision_cache;
using authorize::decision_tags;

std::shared_ptr<const authorize::authorization> a_grant(std::size_t header_size = 0) {
    authorize::authorization g;
    if (header_size > 0) {
        g.fields.add("X", std::string(header_size, 'x'));
        g.fields.shrink_to_fit();
    }
    return std::make_shared<const authorize::authorization>(std::move(g));
}

struct fixture {
    decision_cache kept{64UL * 1024};
    steady_clock::time_point now{steady_clock::now()};
    std::shared_ptr<const authorize::authorization> made = a_grant();

    void keep(const std::string& name, std::chrono::milliseconds ttl = 10s,
              const decision_tags& about = {"/ask", "/m", ""},
              const std::shared_ptr<const authorize::authorization>& given = a_grant()) {
        const auto asking = kept.begin(about);
        kept.insert(asking, kept.key_of(name), given, now + ttl, now);
    }
    bool has(const std::string& name) { return kept.find(kept.key_of(name), now) != nullptr; }
    void change(std::string_view path) { kept.invalidate({&path, 1}); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(decisions_kept, fixture)

BOOST_AUTO_TEST_CASE(kept_until_their_time_is_over) {
    keep("a", 10s, {"/ask", "/m", ""}, made);
    BOOST_TEST(has("a"));
    BOOST_TEST(!has("b"));
    BOOST_TEST(kept.find(kept.key_of("a"), now + 9999ms) == made);
    BOOST_TEST(kept.find(kept.key_of("a"), now + 10s) == nullptr);
    BOOST_TEST(kept.bytes() == 0U); // what is found to be over is freed
    keep("over", 0ms);
    BOOST_TEST(kept.bytes() == 0U);
}

BOOST_AUTO_TEST_CASE(keys_are_of_this_process_and_differ) {
    decision_cache other{64UL * 1024};
    BOOST_TEST((kept.key_of("a") != kept.key_of("b")));
    BOOST_TEST((kept.key_of("a") != other.key_of("a")));
    BOOST_TEST((kept.key_of("a") == kept.key_of("a")));
}

BOOST_AUTO_TEST_CASE(bounded_in_bytes_those_given_longest_ago_go_first) {
    // Of 64 KiB each takes a little more than 15.
    for (const auto* name : {"a", "b", "c", "d"}) {
        keep(name, 10s, {"/ask", "/m", ""}, a_grant(15000));
        BOOST_TEST(kept.bytes() <= 64U * 1024);
    }
    keep("a", 10s, {"/ask", "/m", ""}, a_grant(15000)); // renewed where it stands: b has been there longest now
    keep("e", 10s, {"/ask", "/m", ""}, a_grant(15000));
    BOOST_TEST(kept.bytes() > 60U * 1024);
    BOOST_TEST(kept.bytes() <= 64U * 1024);
    BOOST_TEST(!has("b"));
    for (const auto* name : {"a", "c", "d", "e"}) {
        BOOST_TEST(has(name), name);
    }
}

BOOST_AUTO_TEST_CASE(what_is_over_makes_room_before_anything_else_goes) {
    keep("long", 1h, {"/ask", "/m", ""}, a_grant(15000));
    keep("short", 1s, {"/ask", "/m", ""}, a_grant(15000));
    keep("c", 1h, {"/ask", "/m", ""}, a_grant(15000));
    keep("d", 1h, {"/ask", "/m", ""}, a_grant(15000));
    now += 2s;
    keep("e", 1h, {"/ask", "/m", ""}, a_grant(15000));
    for (const auto* name : {"long", "c", "d", "e"}) {
        BOOST_TEST(has(name), name);
    }
}

BOOST_AUTO_TEST_CASE(one_that_is_too_large_is_not_kept_and_pushes_nothing_out) {
    keep("a");
    const auto before = kept.bytes();
    keep("large", 10s, {"/ask", "/m", ""}, a_grant(decision_cache::max_entry_bytes));
    BOOST_TEST(!has("large"));
    BOOST_TEST(has("a"));
    BOOST_TEST(kept.bytes() == before);
    keep("b", 10s, {std::string(decision_cache::max_entry_bytes, 'p'), "/m", ""}); // a path counts too
    BOOST_TEST(!has("b"));
}

BOOST_AUTO_TEST_CASE(renewed_where_it_stands_and_freed_in_the_order_in_which_they_end) {
    keep("renewed", 1s);
    keep("a", 2s);
    keep("renewed", 20s);
    keep("b", 3s);
    const auto all = kept.bytes();
    kept.expire(now + 500ms);
    BOOST_TEST(kept.bytes() == all);
    kept.expire(now + 2s);
    BOOST_TEST(kept.bytes() == all / 3 * 2); // without new traffic, and though the renewed one came first
    kept.expire(now + 5s);
    BOOST_TEST(kept.bytes() == all / 3);
    now += 5s;
    BOOST_TEST(has("renewed"));
    kept.expire(now + 15s);
    BOOST_TEST(kept.bytes() == 0U);
}

BOOST_AUTO_TEST_CASE(a_change_drops_what_is_about_it_and_nothing_else) {
    keep("asked", 10s, {"/api/1", "/m/1", ""});
    keep("media", 10s, {"/api/2", "/m/2", ""});
    keep("all", 10s, {"/api/3", "/m/3", "/api/all"});
    keep("other", 10s, {"/api/4", "/m/4", ""});
    change("/api/1");
    change("/m/2");
    change("/api");
    change("/nobody/asked");
    BOOST_TEST(!has("asked"));
    BOOST_TEST(!has("media"));
    BOOST_TEST(has("all"));
    change("/api/all");
    BOOST_TEST(!has("all"));
    BOOST_TEST(has("other"));
    keep("asked", 10s, {"/api/1", "/m/1", ""});
    BOOST_TEST(has("asked")); // asked after the change
}

BOOST_AUTO_TEST_CASE(a_change_of_one_caller_leaves_the_others) {
    const auto ann = kept.caller_tag("token=a", "");
    const auto bob = kept.caller_tag("", "token=a"); // what is in which field tells them apart
    BOOST_TEST(ann != bob);
    BOOST_TEST(ann == kept.caller_tag("token=a", ""));
    BOOST_TEST(ann.find("token") == std::string::npos);
    keep("ann", 10s, {"/api/1", "/m/1", "/all", ann});
    keep("bob", 10s, {"/api/1", "/m/1", "/all", bob});
    change(ann);
    BOOST_TEST(!has("ann"));
    BOOST_TEST(has("bob"));
}

BOOST_AUTO_TEST_CASE(what_was_asked_before_a_change_is_not_kept) {
    const decision_tags about{"/api/1", "/m/1", ""};
    const auto early = kept.begin(about);
    const auto elsewhere = kept.begin({"/api/2", "/m/2", ""});
    change("/api/1");
    const auto late = kept.begin(about);
    BOOST_TEST(early.generation() != late.generation()); // nobody shares the early one's answer
    kept.insert(early, kept.key_of("early"), made, now + 10s, now);
    kept.insert(elsewhere, kept.key_of("elsewhere"), made, now + 10s, now);
    kept.insert(late, kept.key_of("late"), made, now + 10s, now);
    BOOST_TEST(!has("early"));
    BOOST_TEST(has("elsewhere"));
    BOOST_TEST(has("late"));
}

BOOST_AUTO_TEST_CASE(a_late_answer_of_before_does_not_take_the_place_of_a_later_one) {
    const decision_tags about{"/api/1", "/m/1", ""};
    const auto early = kept.begin(about);
    change("/m/1");
    keep("a", 10s, about, made);
    kept.insert(early, kept.key_of("a"), a_grant(), now + 10s, now);
    BOOST_TEST(kept.find(kept.key_of("a"), now) == made);
}

BOOST_AUTO_TEST_CASE(questions_that_ended_without_an_answer_leave_nothing) {
    for (int i = 0; i < 1000; ++i) {
        auto asking = kept.begin({"/api/" + std::to_string(i), "/m", "/all"});
        const auto moved = std::move(asking);
        BOOST_TEST_REQUIRE(moved.generation() == 0U);
    }
    change("/api/1");
    BOOST_TEST(kept.begin({"/api/1", "", ""}).generation() == 0U); // nobody knew of it when it changed
}

BOOST_AUTO_TEST_SUITE_END()
