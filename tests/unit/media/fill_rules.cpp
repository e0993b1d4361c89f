#include <sluice/media/fill_rules.hpp>
#include <sluice/media/slot_limit.hpp>

#include <boost/test/unit_test.hpp>

#include <optional>
#include <utility>

namespace {

using namespace sluice;
using namespace sluice::media;
using namespace std::chrono_literals;

constexpr std::uint64_t block = 1U << 20U;
constexpr std::uint64_t KiB = 1024;

} // namespace

BOOST_AUTO_TEST_SUITE(media_fill_rules)

BOOST_AUTO_TEST_CASE(blocks_that_are_nearly_whole) {
    BOOST_TEST(!is_nearly_whole(0, 4 * block, block)); // not begun
    BOOST_TEST(!is_nearly_whole(block, 4 * block, block));
    BOOST_TEST(!is_nearly_whole(1, 4 * block, block));
    BOOST_TEST(!is_nearly_whole(block - 256 * KiB, 4 * block, block));
    BOOST_TEST(is_nearly_whole(block - 256 * KiB + 1, 4 * block, block));
    BOOST_TEST(is_nearly_whole(2 * block - 1, 4 * block, block));
    // The fill may end before the block does.
    BOOST_TEST(is_nearly_whole(1, 200 * KiB, block));
    BOOST_TEST(!is_nearly_whole(1, 300 * KiB, block));
}

BOOST_AUTO_TEST_CASE(attempts_to_resume) {
    const error lost{errc::connection_lost, error_source::origin, true};
    const error gone{errc::not_found, error_source::origin, false};
    BOOST_TEST(may_resume(lost, 1000ms));
    BOOST_TEST(may_resume(lost, 1ns));
    BOOST_TEST(!may_resume(lost, 0ms));
    BOOST_TEST(!may_resume(lost, -1ms));
    BOOST_TEST(!may_resume(gone, 1000ms));
}

BOOST_AUTO_TEST_CASE(requests_for_one_version) {
    cache::object_info info;
    info.key = {"store", "a/b"};
    info.version = {cache::validator_kind::etag, "\"v1\""};
    info.size = 1000;
    const steady_clock::time_point until(5s);
    const auto request = request_for_version(info, 10, 19, until);
    BOOST_TEST(request.key == "a/b");
    BOOST_TEST(request.match == "\"v1\"");
    BOOST_TEST((request.size == 1000U));
    BOOST_TEST(request.none_match.empty());
    BOOST_TEST(http::format_range(request.range.value()) == "bytes=10-19");
    BOOST_TEST((request.give_up == until));
    BOOST_TEST((request.method == sign::method::get));
}

BOOST_AUTO_TEST_CASE(answers_that_can_be_written) {
    origin::object_head head;
    head.bytes = {100, 199};
    BOOST_TEST((check_has_body(head).error().code == errc::unexpected_status));
    BOOST_TEST((check_resumes(head, 100).error().code == errc::bad_content_range));
    head.has_bytes = true;
    BOOST_TEST(check_has_body(head).has_value());
    BOOST_TEST(check_resumes(head, 100).has_value());
    BOOST_TEST((check_resumes(head, 99).error().code == errc::bad_content_range));
    BOOST_TEST((check_resumes(head, 101).error().code == errc::bad_content_range));
}

BOOST_AUTO_TEST_CASE(what_the_cache_knows_of_a_version) {
    origin::object_head head;
    head.size = 1000;
    head.validator = "\"v1\"";
    head.content_type = "video/mp4";
    head.last_modified = "Sat, 05 Nov 1994 08:49:37 GMT";
    const std::chrono::system_clock::time_point now(7s);
    const auto info = describe_version(head, "s3://b", "a", "/files/a", false, now);
    BOOST_TEST(std::string(info.key.store) == "s3://b");
    BOOST_TEST(info.key.name == "a");
    BOOST_TEST((info.version == cache::validator{cache::validator_kind::etag, "\"v1\""}));
    BOOST_TEST(info.size == 1000U);
    BOOST_TEST(info.content_type == "video/mp4");
    BOOST_TEST(info.last_modified == "Sat, 05 Nov 1994 08:49:37 GMT");
    BOOST_TEST(info.purge_tags == "/files/a");
    BOOST_TEST((info.stored == now));
    BOOST_TEST((describe_version(head, "g", "a", "", true, now).version.kind == cache::validator_kind::generation));
}

BOOST_AUTO_TEST_CASE(slots) {
    slot_limit limit(2);
    auto first = limit.try_take();
    {
        const auto second = limit.try_take();
        BOOST_TEST(second.has_value());
        BOOST_TEST(limit.in_use() == 2U);
        BOOST_TEST(!limit.try_take().has_value());
        BOOST_TEST(limit.in_use() == 2U); // who is refused holds none
    }
    BOOST_TEST(limit.in_use() == 1U);
    {
        const slot_limit::slot moved(std::move(*first));
        first.reset();
        BOOST_TEST(limit.in_use() == 1U);
    }
    BOOST_TEST(limit.in_use() == 0U);
    slot_limit none(0);
    BOOST_TEST(!none.try_take().has_value());
}

BOOST_AUTO_TEST_SUITE_END()
