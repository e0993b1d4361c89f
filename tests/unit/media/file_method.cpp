#include <sluice/media/file_method.hpp>

#include <boost/test/unit_test.hpp>

namespace {

using namespace sluice;
using namespace sluice::media;

} // namespace

BOOST_AUTO_TEST_SUITE(media_file_method)

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
