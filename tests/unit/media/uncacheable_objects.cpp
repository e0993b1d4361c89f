#include <sluice/media/uncacheable_objects.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

using namespace sluice::media;

BOOST_AUTO_TEST_SUITE(media_uncacheable_objects)

BOOST_AUTO_TEST_CASE(has_what_was_noted_until_it_is_forgotten) {
    uncacheable_objects objects;
    BOOST_TEST(!objects.has("a"));
    objects.note("a");
    BOOST_TEST(objects.has("a"));
    BOOST_TEST(!objects.has("b"));
    objects.forget("b");
    BOOST_TEST(objects.has("a"));
    objects.forget("a");
    BOOST_TEST(!objects.has("a"));
}

BOOST_AUTO_TEST_CASE(the_last_of_many_is_there) {
    uncacheable_objects objects;
    for (int i = 0; i < 20000; ++i) {
        const auto name = std::to_string(i);
        objects.note(name);
        BOOST_TEST_REQUIRE(objects.has(name));
    }
}

BOOST_AUTO_TEST_SUITE_END()
