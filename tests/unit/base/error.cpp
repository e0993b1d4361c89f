#include <sluice/base/error.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <set>
#include <string>

using namespace sluice;

BOOST_AUTO_TEST_SUITE(errors)

BOOST_AUTO_TEST_CASE(every_code_has_a_name_of_its_own) {
    std::set<std::string_view> names;
    const auto last = static_cast<unsigned>(errc::internal_error);
    for (unsigned code = 0; code <= last; ++code) {
        const auto name = to_string(static_cast<errc>(code));
        BOOST_TEST(names.insert(name).second, "twice: " << name);
        // A label of a metric and a token of Cache-Status: no character that either would have to quote.
        BOOST_TEST(!name.empty());
        BOOST_TEST(std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; }), name);
    }
    BOOST_TEST(to_string(errc::breaker_open) == "breaker_open");
    BOOST_TEST(to_string(static_cast<errc>(200)) == "internal_error"); // never null, whatever the value
}

BOOST_AUTO_TEST_CASE(sources) {
    BOOST_TEST(to_string(error_source::client) == "client");
    BOOST_TEST(to_string(error_source::app) == "app");
    BOOST_TEST(to_string(error_source::origin) == "origin");
    BOOST_TEST(to_string(error_source::internal) == "internal");
}

BOOST_AUTO_TEST_CASE(results) {
    const result<int> good = 5;
    BOOST_TEST(good.value() == 5);
    const result<int> bad = error{errc::short_body, error_source::origin, true, "3 of 5 bytes"};
    BOOST_TEST(!bad);
    BOOST_TEST((bad.error().code == errc::short_body));
    BOOST_TEST(bad.error().retryable);
    try {
        (void)bad.value();
        BOOST_ERROR("a broken invariant went unseen");
    } catch (const error_exception& e) {
        BOOST_TEST(std::string(e.what()) == "short_body: 3 of 5 bytes");
        BOOST_TEST((e.what_failed.source == error_source::origin));
    }
    const result<void> plain = error{errc::timeout, error_source::app};
    BOOST_CHECK_THROW(plain.value(), std::runtime_error);
}

BOOST_AUTO_TEST_SUITE_END()
