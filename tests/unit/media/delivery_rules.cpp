#include <sluice/media/delivery_rules.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

using namespace sluice;
using namespace sluice::media;
using coverage = cache::object::coverage;
using metrics::outcome;

coverage all_of(std::vector<coverage> parts) {
    return combine(parts);
}

result<void> failed(errc code) {
    return error{code, error_source::origin, false};
}

origin::object_head answer(unsigned status, std::uint64_t size) {
    origin::object_head h;
    h.status = status;
    h.size = size;
    return h;
}

origin::object_head part(std::uint64_t first, std::uint64_t last, std::uint64_t size) {
    auto h = answer(206, size);
    h.has_bytes = true;
    h.bytes = {first, last};
    return h;
}

plan planned(unsigned status, std::uint64_t first, std::uint64_t last) {
    plan p;
    p.status = status;
    p.bytes = {first, last};
    p.has_body = true;
    return p;
}

plan without_body(unsigned status) {
    plan p;
    p.status = status;
    return p;
}

const http::range_spec suffix{http::range_spec::form::suffix, 0, 0, 10};

/// `send`, or what is asked for instead.
std::string step(const origin::object_head& h, const plan& p, bool conditional = false,
                 std::optional<http::range_spec> asked = suffix) {
    const auto s = direct_step_for(h, p, conditional, asked);
    return s.send ? "send" : s.range ? http::format_range(*s.range) : "whole";
}

} // namespace

BOOST_AUTO_TEST_SUITE(media_delivery_rules)

BOOST_AUTO_TEST_CASE(coverage_of_several_parts) {
    BOOST_TEST((all_of({coverage::all}) == coverage::all));
    BOOST_TEST((all_of({coverage::all, coverage::all}) == coverage::all));
    BOOST_TEST((all_of({coverage::none, coverage::none}) == coverage::none));
    BOOST_TEST((all_of({coverage::some}) == coverage::some));
    BOOST_TEST((all_of({coverage::none, coverage::all}) == coverage::some));
    BOOST_TEST((all_of({coverage::all, coverage::none, coverage::none}) == coverage::some));
    BOOST_TEST((all_of({coverage::all, coverage::some}) == coverage::some));
}

BOOST_AUTO_TEST_CASE(outcomes) {
    BOOST_TEST((outcome_of(coverage::all) == outcome::hit));
    BOOST_TEST((outcome_of(coverage::some) == outcome::partial));
    BOOST_TEST((outcome_of(coverage::none) == outcome::miss));
}

BOOST_AUTO_TEST_CASE(bytes_in_runs) {
    const std::vector<cache::object::run> runs{{10, 20}, {30, 40}, {40, 45}};
    BOOST_TEST(bytes_within(runs, 0, 9) == 0U);
    BOOST_TEST(bytes_within(runs, 0, 10) == 1U);
    BOOST_TEST(bytes_within(runs, 10, 19) == 10U);
    BOOST_TEST(bytes_within(runs, 19, 30) == 2U);
    BOOST_TEST(bytes_within(runs, 20, 29) == 0U);
    BOOST_TEST(bytes_within(runs, 0, 99) == 25U);
    BOOST_TEST(bytes_within(runs, 45, 99) == 0U);
    BOOST_TEST(bytes_within({}, 0, 99) == 0U);
}

BOOST_AUTO_TEST_CASE(after_an_attempt) {
    BOOST_TEST((after_attempt({}, true) == next_attempt::none));
    for (const auto code : {errc::cache_full, errc::no_validator, errc::fills_limit, errc::purged}) {
        BOOST_TEST((after_attempt(failed(code), false) == next_attempt::bypass_cache), to_string(code));
        BOOST_TEST((after_attempt(failed(code), true) == next_attempt::none), to_string(code));
    }
    for (const auto code : {errc::canceled, errc::validator_changed, errc::precondition_failed}) {
        BOOST_TEST((after_attempt(failed(code), false) == next_attempt::look_up_again), to_string(code));
        BOOST_TEST((after_attempt(failed(code), true) == next_attempt::none), to_string(code));
    }
    for (const auto code : {errc::not_found, errc::connection_lost, errc::timeout}) {
        BOOST_TEST((after_attempt(failed(code), false) == next_attempt::none), to_string(code));
    }
}

BOOST_AUTO_TEST_CASE(transfers_that_replace_failed_ones) {
    BOOST_TEST(may_restart(true, 0));
    BOOST_TEST(may_restart(true, 7));
    BOOST_TEST(!may_restart(true, 8));
    BOOST_TEST(may_restart(false, 8)); // its deadline is the bound
}

BOOST_AUTO_TEST_CASE(responses_that_go_on_without_the_cache) {
    BOOST_TEST(may_continue_direct(errc::disk_full, true, 10, 10));
    BOOST_TEST(!may_continue_direct(errc::disk_full, true, 11, 10));  // nothing is left to send
    BOOST_TEST(!may_continue_direct(errc::disk_full, false, 10, 10)); // not begun: another way answers the whole
    BOOST_TEST(!may_continue_direct(errc::validator_changed, true, 10, 10));
    BOOST_TEST(!may_continue_direct(errc::timeout, true, 10, 10));
}

BOOST_AUTO_TEST_CASE(direct_answers_that_cover_what_is_planned) {
    BOOST_TEST(step(part(0, 999, 1000), planned(200, 0, 999)) == "send");
    BOOST_TEST(step(part(10, 19, 1000), planned(206, 10, 19)) == "send");
    BOOST_TEST(step(part(0, 999, 1000), planned(206, 10, 19)) == "send");
    for (const unsigned status : {304U, 412U}) {
        BOOST_TEST(step(part(10, 19, 1000), without_body(status)) == "send");
    }
    BOOST_TEST(step(answer(200, 0), without_body(200)) == "send");    // empty, or a HEAD
    BOOST_TEST(step(answer(416, 1000), without_body(416)) == "send"); // nothing of the range is there
}

BOOST_AUTO_TEST_CASE(direct_answers_that_do_not) {
    BOOST_TEST(step(part(10, 19, 1000), planned(206, 10, 20)) == "bytes=10-20");
    BOOST_TEST(step(part(10, 19, 1000), planned(206, 9, 19)) == "bytes=9-19");
    BOOST_TEST(step(part(10, 19, 1000), planned(200, 0, 999)) == "whole");          // If-Range does not hold
    BOOST_TEST(step(answer(200, 1000), planned(206, 990, 999)) == "bytes=990-999"); // the size alone, by HEAD
    // A 416 has no validators, so that conditions cannot be decided by it.
    BOOST_TEST(step(answer(416, 1000), without_body(416), true) == "whole");
    BOOST_TEST(step(answer(416, 1000), without_body(412), true) == "whole");
    BOOST_TEST(step(answer(416, 1000), planned(206, 0, 9)) == "whole");
}

BOOST_AUTO_TEST_CASE(empty_objects_asked_for_by_range) {
    BOOST_TEST(is_empty_whole(answer(416, 0), without_body(200)));
    BOOST_TEST(!is_empty_whole(answer(416, 0), without_body(416)));
    BOOST_TEST(!is_empty_whole(answer(416, 1000), without_body(200)));
    BOOST_TEST(!is_empty_whole(answer(200, 0), without_body(200)));
    BOOST_TEST(step(answer(416, 0), plan{}) == "send");
    BOOST_TEST(step(answer(416, 0), without_body(416), true) == "send");
}

BOOST_AUTO_TEST_CASE(how_files_are_sent) {
    constexpr std::uint64_t small = file_end_size;
    BOOST_TEST((file_method_for(false, false, small, false) == file_method::none));
    BOOST_TEST((file_method_for(true, true, small, true) == file_method::encoded));
    BOOST_TEST((file_method_for(true, false, small, false) == file_method::at_once));
    BOOST_TEST((file_method_for(true, false, small, true) == file_method::at_once));
    BOOST_TEST((file_method_for(true, false, small + 1, true) == file_method::copied));
    BOOST_TEST((file_method_for(true, false, small + 1, false) == file_method::by_sendfile));
}

BOOST_AUTO_TEST_SUITE_END()
