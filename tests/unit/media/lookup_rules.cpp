#include <sluice/cache/key.hpp>
#include <sluice/media/error_rules.hpp>
#include <sluice/media/fetch_window.hpp>
#include <sluice/media/lookup_rules.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using namespace sluice;
using namespace sluice::media;
using namespace std::chrono_literals;
using form = http::range_spec::form;

constexpr std::uint64_t page = cache::page_size;
constexpr std::uint64_t read_ahead_size = 8U << 20U;

requested_ranges wanted(std::string_view field) {
    http::field_list fields;
    fields.items.push_back({"Range", field});
    return parse_requested_ranges(fields);
}

std::string text_of(const std::optional<http::range_spec>& r) {
    return r ? http::format_range(*r) : "whole";
}

std::string text_of(std::uint64_t first, std::uint64_t end) {
    return http::format_range(http::byte_range{first, end - 1});
}

std::string cold(std::string_view field, std::uint64_t read_ahead = read_ahead_size, unsigned parallel = 1) {
    return text_of(cold_range(false, wanted(field), {read_ahead, parallel}));
}

steady_clock::time_point at(std::chrono::milliseconds since) {
    return steady_clock::time_point(since);
}

error failure(errc code, bool retryable = false) {
    return {code, error_source::origin, retryable};
}

origin::object_head answer(unsigned status, std::string validator = "\"v1\"", std::uint64_t size = 1000) {
    origin::object_head h;
    h.status = status;
    h.size = size;
    h.validator = std::move(validator);
    return h;
}

} // namespace

BOOST_AUTO_TEST_SUITE(media_lookup_rules)

BOOST_AUTO_TEST_CASE(ranges_of_unknown_objects) {
    BOOST_TEST(text_of(cold_range(false, {}, {read_ahead_size})) == text_of(0, 4 * first_window));
    BOOST_TEST(text_of(cold_range(false, {}, {2 * first_window})) == text_of(0, 2 * first_window));
    BOOST_TEST(text_of(cold_range(false, {}, {0})) == text_of(0, first_window)); // never less than one window
    BOOST_TEST(text_of(cold_range(true, {}, {read_ahead_size})) == "whole");     // a HEAD
    BOOST_TEST(text_of(cold_range(true, wanted("bytes=1-2"), {read_ahead_size})) == "whole");
    BOOST_TEST(cold("bytes=1-2") == text_of(0, page));
    BOOST_TEST(cold("bytes=1-2,5-6") == text_of(0, page));
    BOOST_TEST(cold("bytes=65535-65536") == text_of(0, 2 * page));
    BOOST_TEST(cold("bytes=65536-65536") == text_of(page, 2 * page));
    BOOST_TEST(cold("bytes=-500") == "bytes=-500");
}

BOOST_AUTO_TEST_CASE(questions_that_are_shared) {
    BOOST_TEST(shared_question(true, wanted("bytes=70000-"), 50ms) == "head");
    BOOST_TEST(shared_question(false, {}, 50ms).empty());
    BOOST_TEST(shared_question(false, wanted("bytes=0-99"), 50ms).empty());
    BOOST_TEST(shared_question(false, wanted("bytes=5-6,-1"), 50ms).empty()); // the first decides
    BOOST_TEST(shared_question(false, wanted("bytes=-5"), 50ms) == "end");
    // A store that answers at once.
    BOOST_TEST(shared_question(false, wanted("bytes=0-99"), 5ms) == "any");
    BOOST_TEST(shared_question(false, wanted("bytes=-5"), 5ms) == "any");
}

BOOST_AUTO_TEST_CASE(the_first_of_several_is_asked_for) {
    BOOST_TEST(text_of(cold_range(false, wanted("bytes=200000-200001,5-9"), {read_ahead_size})) ==
               text_of(196608, 262144));
    BOOST_TEST(text_of(cold_range(false, wanted("bytes=-7,5-9"), {read_ahead_size})) == "bytes=-7");
}

BOOST_AUTO_TEST_CASE(windows_of_open_ranges) {
    BOOST_TEST(cold("bytes=0-") == text_of(0, first_window));
    // To the end of a window's unit, and of the next where less than half of it is left.
    BOOST_TEST(cold("bytes=65536-") == text_of(page, first_window));
    BOOST_TEST(cold("bytes=524287-") == text_of(first_window / 2 - page, first_window));
    BOOST_TEST(cold("bytes=524288-") == text_of(first_window / 2, 2 * first_window));
    BOOST_TEST(cold("bytes=1048576-") == text_of(first_window, 2 * first_window));
    // One that names an end beyond the largest window is the same.
    BOOST_TEST(cold("bytes=0-8388607") == text_of(0, read_ahead_size));
    BOOST_TEST(cold("bytes=0-8388608") == text_of(0, first_window));
    BOOST_TEST(cold("bytes=0-1048575", 0) == text_of(0, first_window));
}

BOOST_AUTO_TEST_CASE(the_first_question_is_one_piece) {
    const auto of = [](std::string_view field) { return cold(field, read_ahead_size, 4); };
    BOOST_TEST(of("bytes=1-2") == text_of(0, page));
    BOOST_TEST(of("bytes=0-") == text_of(0, first_window));
    BOOST_TEST(of("bytes=0-524287") == text_of(0, first_window / 2));
    BOOST_TEST(of("bytes=0-2097151") == text_of(0, first_window / 2)); // a quarter
    BOOST_TEST(of("bytes=0-4194303") == text_of(0, first_window));
    BOOST_TEST(of("bytes=0-4194304") == text_of(0, first_window)); // by windows
    BOOST_TEST(of("bytes=-500") == "bytes=-500");
    BOOST_TEST(text_of(cold_range(false, {}, {read_ahead_size, 4})) == text_of(0, first_window));
    BOOST_TEST(text_of(cold_range(true, {}, {read_ahead_size, 4})) == "whole");
}

BOOST_AUTO_TEST_CASE(ranges_at_the_end_of_numbers) {
    const auto last = cold_range(false, wanted("bytes=9223372036854775807-"), {read_ahead_size});
    BOOST_REQUIRE(last.has_value());
    BOOST_TEST(last->last == static_cast<std::uint64_t>(INT64_MAX));
    BOOST_TEST(last->first <= last->last);
    const auto beyond = cold_range(false, wanted("bytes=18446744073709551615-18446744073709551615"), {read_ahead_size});
    BOOST_REQUIRE(beyond.has_value());
    BOOST_TEST(beyond->last == static_cast<std::uint64_t>(INT64_MAX));
}

BOOST_AUTO_TEST_CASE(ranges_that_revalidate) {
    const auto asked = [](std::string_view field, std::uint64_t size) {
        return text_of(revalidation_range(false, field.empty() ? requested_ranges() : wanted(field), size));
    };
    BOOST_TEST(asked("", 10 * page) == text_of(0, page));
    BOOST_TEST(asked("bytes=200000-", 10 * page) == text_of(3 * page, 4 * page));
    BOOST_TEST(asked("bytes=-1", 10 * page) == text_of(9 * page, 10 * page));
    BOOST_TEST(asked("bytes=1-2,200000-", 10 * page) == text_of(0, page));
    BOOST_TEST(asked("bytes=5000-", 1000) == text_of(0, page)); // not satisfiable in what is known
    BOOST_TEST(asked("", 0) == "whole");
    BOOST_TEST(text_of(revalidation_range(true, {}, 1000)) == "whole");
}

BOOST_AUTO_TEST_CASE(freshness) {
    BOOST_TEST(is_fresh({at(100ms)}, at(150ms), 100ms));
    BOOST_TEST(!is_fresh({at(100ms)}, at(200ms), 100ms));
    BOOST_TEST(!is_fresh({at(100ms)}, at(100ms), 0ms));
    BOOST_TEST(is_fresh({at(0ms)}, at(std::chrono::hours(10000)), std::chrono::milliseconds::max()));
    // A change that nobody has asked the origin about yet.
    BOOST_TEST(!is_fresh({at(100ms), 7, 6}, at(100ms), 100ms));
    BOOST_TEST(!is_fresh({at(100ms), 7, 0}, at(100ms), std::chrono::milliseconds::max()));
    BOOST_TEST(is_fresh({at(100ms), 7, 7}, at(100ms), 100ms));
    BOOST_TEST(is_fresh({at(100ms), 7, 9}, at(100ms), 100ms));
}

BOOST_AUTO_TEST_CASE(stale_versions_while_they_are_revalidated) {
    const auto may = [](const freshness_state& v, std::chrono::milliseconds now, std::chrono::milliseconds max_age,
                        std::chrono::milliseconds stale_for) {
        return may_serve_while_revalidating(v, at(now), max_age, stale_for);
    };
    BOOST_TEST(may({at(0ms)}, 100ms, 100ms, 1ms));
    BOOST_TEST(may({at(0ms)}, 1099ms, 100ms, 1000ms));
    BOOST_TEST(!may({at(0ms)}, 1100ms, 100ms, 1000ms));
    BOOST_TEST(!may({at(0ms)}, 100ms, 100ms, 0ms)); // every request waits
    BOOST_TEST(!may({at(0ms)}, 0ms, 0ms, 0ms));
    BOOST_TEST(may({at(0ms)}, 0ms, 0ms, 1ms));
    BOOST_TEST(!may({at(200ms)}, 100ms, 100ms, 1000ms)); // a clock that was set back
    // A change that nobody has asked the origin about yet.
    BOOST_TEST(!may({at(0ms), 7, 6}, 150ms, 100ms, 1000ms));
    BOOST_TEST(!may({at(0ms), 7, 6}, 150ms, std::chrono::milliseconds::max(), 1000ms));
    BOOST_TEST(may({at(0ms), 7, 7}, 150ms, 100ms, 1000ms));
}

BOOST_AUTO_TEST_CASE(answers_of_a_stale_version) {
    for (const unsigned status : {200U, 206U}) {
        BOOST_TEST(can_answer_stale(status, false), status);
    }
    for (const unsigned status : {304U, 206U}) {
        BOOST_TEST(can_answer_stale(status, true), status);
    }
    BOOST_TEST(!can_answer_stale(200, true)); // the client may know a newer version
    for (const unsigned status : {412U, 416U}) {
        BOOST_TEST(!can_answer_stale(status, true), status);
        BOOST_TEST(!can_answer_stale(status, false), status);
    }
}

BOOST_AUTO_TEST_CASE(seconds_to_live) {
    BOOST_TEST(time_to_live(at(1000ms), at(1000ms), 5000ms).count() == 5);
    BOOST_TEST(time_to_live(at(1000ms), at(1001ms), 5000ms).count() == 4);
    BOOST_TEST(time_to_live(at(1000ms), at(6000ms), 5000ms).count() == 0);
    BOOST_TEST(time_to_live(at(1000ms), at(6001ms), 5000ms).count() == -1);
    BOOST_TEST(time_to_live(at(1000ms), at(8000ms), 5000ms).count() == -2);
}

BOOST_AUTO_TEST_CASE(stale_versions_where_the_origin_fails) {
    const auto may = [](const error& e, std::chrono::milliseconds age) {
        return may_serve_stale(e, {at(0ms), 7, 7}, at(age), 100ms, 1000ms);
    };
    for (const auto code :
         {errc::connect_failed, errc::resolve_failed, errc::tls_failed, errc::breaker_open, errc::no_credentials}) {
        BOOST_TEST(may(failure(code), 1099ms), to_string(code));
        BOOST_TEST(!may(failure(code), 1100ms), to_string(code));
    }
    BOOST_TEST(may(failure(errc::store_error, true), 500ms));
    BOOST_TEST(may(failure(errc::timeout, true), 500ms));
    for (const auto code : {errc::not_found, errc::forbidden, errc::validator_changed, errc::store_error}) {
        BOOST_TEST(!may(failure(code), 500ms), to_string(code));
    }
    BOOST_TEST(!may_serve_stale(failure(errc::connect_failed), {at(0ms), 0, 0}, at(100ms), 100ms, 0ms));
    // What a write has invalidated is not served again before it is revalidated (RFC 9111 §4.4).
    BOOST_TEST(!may_serve_stale(failure(errc::connect_failed), {at(0ms), 8, 7}, at(50ms), 100ms, 1000ms));
    BOOST_TEST(!may_serve_stale(failure(errc::connect_failed), {at(0ms), 8, 7}, at(500ms), 100ms, 1000ms));
}

BOOST_AUTO_TEST_CASE(errors_that_retire_a_version) {
    for (const auto code : {errc::not_found, errc::forbidden, errc::precondition_failed, errc::validator_changed}) {
        BOOST_TEST(must_retire(failure(code)), to_string(code));
    }
    for (const auto code :
         {errc::connect_failed, errc::no_credentials, errc::store_error, errc::timeout, errc::canceled}) {
        BOOST_TEST(!must_retire(failure(code)), to_string(code));
    }
}

BOOST_AUTO_TEST_CASE(what_the_cache_cannot_take) {
    for (const auto code :
         {errc::no_validator, errc::cache_off, errc::cache_starting, errc::cache_full, errc::disk_full,
          errc::disk_error, errc::too_large, errc::fills_limit, errc::pool_busy, errc::purged}) {
        BOOST_TEST(is_uncacheable(code), to_string(code));
    }
    for (const auto code : {errc::not_found, errc::forbidden, errc::canceled, errc::timeout, errc::store_error,
                            errc::validator_changed, errc::connection_lost}) {
        BOOST_TEST(!is_uncacheable(code), to_string(code));
    }
}

BOOST_AUTO_TEST_CASE(those_who_waited_for_anothers_question) {
    const arrival same{at(100ms), true, 5};
    BOOST_TEST(is_confirmed_since(same, {at(100ms), 5, 5}));
    BOOST_TEST(!is_confirmed_since(same, {at(99ms), 5, 5})); // asked for before it came
    BOOST_TEST(is_confirmed_since(same, {at(150ms), 9, 5})); // later changes are for those who come after them
    BOOST_TEST(!is_confirmed_since(same, {at(150ms), 5, 4}));
    const arrival other{at(100ms), false, 5};
    BOOST_TEST(is_confirmed_since(other, {at(150ms), 0, 0}));
    BOOST_TEST(is_confirmed_since(other, {at(150ms), 9, 9}));
    BOOST_TEST(!is_confirmed_since(other, {at(150ms), 9, 5}));
    BOOST_TEST(!is_confirmed_since(other, {at(99ms), 0, 0}));
}

BOOST_AUTO_TEST_CASE(answers_about_an_unknown_object) {
    const auto action = [](const origin::object_head& a, bool conditional = false, bool second = false) {
        return action_for(a, nullptr, conditional, second);
    };
    BOOST_TEST((action(answer(200)) == answer_action::admit));
    BOOST_TEST((action(answer(206)) == answer_action::admit));
    BOOST_TEST((action(answer(206), true, true) == answer_action::admit));
    BOOST_TEST((action(answer(206, "")) == answer_action::admit)); // `admit` says that it has no validator
    BOOST_TEST((action(answer(416, "", 1000)) == answer_action::unsatisfiable));
    BOOST_TEST((action(answer(416, "", 1000), true) == answer_action::ask_without_range));
    BOOST_TEST((action(answer(416, "", 0)) == answer_action::ask_without_range)); // empty, or the size is not told
    BOOST_TEST((action(answer(416, "", 1000), false, true) == answer_action::reject));
    BOOST_TEST((action(answer(416, "", 0), true, true) == answer_action::reject));
}

BOOST_AUTO_TEST_CASE(answers_about_a_known_version) {
    const known_version known{"\"v1\"", 1000};
    const auto action = [&known](const origin::object_head& a) { return action_for(a, &known, false, false); };
    BOOST_TEST((action(answer(304)) == answer_action::confirm));
    BOOST_TEST((action(answer(304, "")) == answer_action::confirm)); // RFC 9110 §15.4.5 lets it leave the tag out
    BOOST_TEST((action(answer(304, "\"v1\"", 0)) == answer_action::confirm));
    BOOST_TEST((action(answer(304, "\"v2\"")) == answer_action::ask_anew));
    BOOST_TEST((action(answer(206)) == answer_action::confirm)); // the condition was ignored
    BOOST_TEST((action(answer(206, "\"v1\"", 1001)) == answer_action::admit));
    BOOST_TEST((action(answer(206, "\"v2\"")) == answer_action::admit));
    BOOST_TEST((action(answer(200, "")) == answer_action::admit));
    BOOST_TEST((action(answer(416, "", 10)) == answer_action::ask_without_range));
}

BOOST_AUTO_TEST_CASE(ranges_of_a_request) {
    const auto single = wanted("bytes=1-2");
    BOOST_TEST(single.any());
    BOOST_TEST((single.single == http::range_spec{form::bounded, 1, 2, 0}));
    const auto several = wanted("bytes=1-2,5-");
    BOOST_TEST(several.several.size() == 2U);
    BOOST_TEST(!several.single.has_value());
    for (const auto* ignored : {"bytes=5-3", "lines=1-2", ""}) {
        BOOST_TEST(!wanted(ignored).any(), ignored);
    }
    http::field_list twice;
    twice.items = {{"Range", "bytes=1-2"}, {"range", "bytes=3-4"}};
    BOOST_TEST(!parse_requested_ranges(twice).any());
    BOOST_TEST(!parse_requested_ranges({}).any());
}

BOOST_AUTO_TEST_CASE(conditions_of_a_request) {
    const auto has = [](std::string_view name) {
        http::field_list fields;
        fields.items = {{"Host", "a"}, {name, "x"}};
        return has_conditions(fields);
    };
    for (const auto* name : {"If-Match", "if-none-match", "IF-RANGE", "If-Modified-Since"}) {
        BOOST_TEST(has(name), name);
    }
    for (const auto* name : {"If-", "If", "X-If-Match", "Range"}) {
        BOOST_TEST(!has(name), name);
    }
}

BOOST_AUTO_TEST_SUITE_END()
