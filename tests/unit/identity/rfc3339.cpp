#include <sluice/identity/form.hpp>
#include <sluice/identity/rfc3339.hpp>

#include <boost/test/unit_test.hpp>

namespace sluice::identity {
namespace {

using std::chrono::system_clock;

std::string back(std::string_view text) {
    const auto t = parse_rfc3339(text);
    return t ? format_rfc3339(*t) : "none";
}

} // namespace

BOOST_AUTO_TEST_SUITE(rfc3339)

BOOST_AUTO_TEST_CASE(times) {
    BOOST_TEST((parse_rfc3339("1970-01-01T00:00:00Z") == system_clock::time_point()));
    BOOST_TEST((parse_rfc3339("2026-01-15T13:34:56.25Z") ==
                system_clock::time_point(std::chrono::milliseconds(1768484096250))));
    BOOST_TEST(back("2026-01-15T13:34:56.164306Z") == "2026-01-15T13:34:56Z");
    BOOST_TEST(back("2026-01-15T13:34:56.1643061234567890Z") == "2026-01-15T13:34:56Z");
    BOOST_TEST(back("2026-01-15t13:34:56z") == "2026-01-15T13:34:56Z");
    BOOST_TEST(back("2026-01-15T00:30:00+01:00") == "2026-01-14T23:30:00Z");
    BOOST_TEST(back("2026-01-15T23:30:00-01:30") == "2026-01-16T01:00:00Z");
    BOOST_TEST(back("2026-12-31T23:59:60Z") == "2027-01-01T00:00:00Z");
    BOOST_TEST(back("2028-02-29T00:00:00Z") == "2028-02-29T00:00:00Z");
    BOOST_TEST(back("9999-12-31T23:59:59Z") == "2261-12-31T00:00:00Z");
}

BOOST_AUTO_TEST_CASE(what_is_no_time) {
    for (const std::string_view text : {"",
                                        "Z",
                                        "2026-01-15",
                                        "2026-01-15T13:34:56",
                                        "2026-01-15 13:34:56Z",
                                        "2026-1-15T13:34:56Z",
                                        "2026-02-29T00:00:00Z",
                                        "2026-13-01T00:00:00Z",
                                        "2026-00-01T00:00:00Z",
                                        "2026-01-00T00:00:00Z",
                                        "2026-01-15T24:00:00Z",
                                        "2026-01-15T23:60:00Z",
                                        "2026-01-15T23:00:61Z",
                                        "2026-01-15T13:34:56.Z",
                                        "2026-01-15T13:34:56,5Z",
                                        "2026-01-15T13:34:56ZZ",
                                        " 2026-01-15T13:34:56Z",
                                        "2026-01-15T13:34:56Z ",
                                        "2026-01-15T13:34:56+0100",
                                        "2026-01-15T13:34:56+24:00",
                                        "1969-12-31T23:59:59Z",
                                        "+026-01-15T13:34:56Z",
                                        "1768484096"}) {
        BOOST_TEST(back(text) == "none", text);
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(forms)

BOOST_AUTO_TEST_CASE(pairs_are_encoded) {
    BOOST_TEST(encode_form({{"a", "b c"}, {"d&", "=+/~-._é"}}).reveal() == "a=b%20c&d%26=%3D%2B%2F~-._%C3%A9");
    BOOST_TEST(encode_form({}).empty());
}

BOOST_AUTO_TEST_CASE(urls_of_services) {
    const auto full = parse_service_url("https://Host.example:8443/a/b?c=d%20e").value();
    BOOST_TEST(full.server.tls);
    BOOST_TEST(full.server.authority() == "host.example:8443");
    BOOST_TEST(full.target == "/a/b?c=d%20e");
    BOOST_TEST(parse_service_url("http://[fd00:ec2::23]").value().target == "/");
    BOOST_TEST(parse_service_url("http://h?x=1").value().target == "/?x=1");
    for (const std::string_view text : {"", "h/path", "ftp://h/", "http://", "http:///x", "http://u@h/", "http://h/a b",
                                        "http://h/#f", "http://h#f", "http://h/\r\nX:1"}) {
        BOOST_TEST(!parse_service_url(text).has_value(), text);
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::identity
