#include <sluice/base/scratch.hpp>

#include <boost/test/unit_test.hpp>

namespace sluice::test {

BOOST_AUTO_TEST_SUITE(scratch_memory)

BOOST_AUTO_TEST_CASE(memory_is_used_again_and_what_stood_in_it_is_not) {
    const char* where = nullptr;
    {
        scratch first;
        BOOST_TEST(first.text.empty());
        where = first.text.data();
        first.text.append(1500, 'a');
        BOOST_TEST((first.text.data() == where)); // there was room
    }
    scratch second;
    BOOST_TEST(second.text.empty());
    BOOST_TEST((second.text.data() == where));
    scratch third; // at the same time: another's
    BOOST_TEST(third.text.empty());
    BOOST_TEST((second.text.data() != third.text.data()));
}

BOOST_AUTO_TEST_CASE(what_grew_large_is_not_kept) {
    {
        scratch large;
        large.text.resize(1U << 20U);
    }
    scratch next;
    BOOST_TEST(next.text.capacity() <= 64U * 1024U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::test
