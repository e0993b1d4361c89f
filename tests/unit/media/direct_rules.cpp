#include <sluice/media/direct_rules.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using namespace sluice;
using namespace sluice::media;

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

BOOST_AUTO_TEST_SUITE(media_direct_rules)

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

BOOST_AUTO_TEST_SUITE_END()
