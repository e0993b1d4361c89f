#include <sluice/session/read_buffer.hpp>

#include <boost/test/unit_test.hpp>

#include <cstring>

using namespace sluice;
using session::read_buffer;

namespace {

void read_into(read_buffer& b, std::string_view text, std::size_t limit = 64U * 1024) {
    const auto room = b.reserve(limit);
    BOOST_REQUIRE(room.has_value());
    BOOST_REQUIRE(room->size() >= text.size());
    std::memcpy(room->data(), text.data(), text.size());
    b.commit(text.size());
}

} // namespace

BOOST_AUTO_TEST_SUITE(read_buffers)

BOOST_AUTO_TEST_CASE(views_stay_while_bytes_are_consumed_and_put_back) {
    read_buffer b;
    BOOST_TEST(b.view().empty());
    read_into(b, "first second");
    const auto second = b.view().substr(6);
    b.consume(6);
    BOOST_TEST(b.view() == "second");
    b.unread(" third");
    BOOST_TEST(b.view() == "second");
    BOOST_TEST(second == "second");
    BOOST_TEST(b.join());
    BOOST_TEST(!b.join());
    BOOST_TEST(b.view() == "second third");
    b.consume(100); // no more than there is
    BOOST_TEST(b.view().empty());
}

BOOST_AUTO_TEST_CASE(it_holds_no_more_than_its_limit) {
    read_buffer b;
    read_into(b, std::string(4096, 'x'), 6000);
    auto room = b.reserve(6000);
    BOOST_REQUIRE(room.has_value());
    BOOST_TEST(room->size() == 6000U - 4096U);
    b.commit(room->size());
    room = b.reserve(6000);
    BOOST_REQUIRE(!room.has_value());
    BOOST_TEST((room.error().code == errc::header_too_large));
    b.consume(1); // the room in front is used
    room = b.reserve(6000);
    BOOST_REQUIRE(room.has_value());
    BOOST_TEST(room->size() == 1U);
}

BOOST_AUTO_TEST_CASE(between_messages_it_gives_up_what_a_large_head_took) {
    read_buffer b;
    read_into(b, std::string(4096, 'x'));
    for (int i = 0; i < 3; ++i) {
        const auto room = b.reserve(64U * 1024);
        BOOST_REQUIRE(room.has_value());
        b.commit(room->size());
    }
    BOOST_TEST(b.view().size() == 32U * 1024);
    b.consume(b.view().size());
    b.compact();
    const auto room = b.reserve(64U * 1024);
    BOOST_REQUIRE(room.has_value());
    BOOST_TEST(room->size() == 4096U);
    b.unread("next");
    b.compact();
    BOOST_TEST(b.view() == "next");
}

BOOST_AUTO_TEST_SUITE_END()
