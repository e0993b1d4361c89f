#include <sluice/relay/waiting_page.hpp>

#include <boost/beast/core/detail/base64.hpp>
#include <boost/test/unit_test.hpp>
#include <openssl/sha.h>

#include <array>
#include <string>
#include <vector>

using namespace sluice;
using relay::is_page_request;

namespace {

bool asks(std::vector<http::field_view> fields, std::string_view method = "GET") {
    http::request_head r;
    r.method = method;
    r.fields.items = std::move(fields);
    return is_page_request(r);
}

constexpr std::string_view browsers = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

} // namespace

BOOST_AUTO_TEST_SUITE(waiting)

BOOST_AUTO_TEST_CASE(who_gets_it) {
    BOOST_TEST(asks({{"Accept", browsers}, {"Sec-Fetch-Mode", "navigate"}}));
    BOOST_TEST(asks({{"accept", "TEXT/HTML ;q=0.9"}, {"sec-fetch-mode", "navigate"}}));
    // Over plain http to a host of the local network browsers send no Sec-Fetch-Mode.
    BOOST_TEST(asks({{"Accept", browsers}, {"Upgrade-Insecure-Requests", "1"}}));
    BOOST_TEST(!asks({{"Accept", browsers}}));
    BOOST_TEST(!asks({{"Accept", browsers}, {"Sec-Fetch-Mode", "cors"}}));
    BOOST_TEST(!asks({{"Accept", browsers}, {"Sec-Fetch-Mode", "no-cors"}, {"Upgrade-Insecure-Requests", "1"}}));
    BOOST_TEST(!asks({{"Accept", "*/*"}, {"Sec-Fetch-Mode", "navigate"}}));
    BOOST_TEST(!asks({{"Accept", "application/json"}, {"Sec-Fetch-Mode", "navigate"}}));
    BOOST_TEST(!asks({{"Sec-Fetch-Mode", "navigate"}}));
    BOOST_TEST(!asks({{"Accept", browsers}, {"Sec-Fetch-Mode", "navigate"}}, "POST"));
    BOOST_TEST(!asks({{"Accept", browsers}, {"Sec-Fetch-Mode", "navigate"}}, "HEAD"));
}

BOOST_AUTO_TEST_CASE(when) {
    BOOST_TEST(relay::is_not_up({errc::connect_failed, error_source::app, true}));
    BOOST_TEST(relay::is_not_up({errc::resolve_failed, error_source::app, true}));
    BOOST_TEST(!relay::is_not_up({errc::connect_failed, error_source::origin, true}));
    BOOST_TEST(!relay::is_not_up({errc::connection_lost, error_source::app, true}));
    BOOST_TEST(!relay::is_not_up({errc::timeout, error_source::app, true}));
}

BOOST_AUTO_TEST_CASE(needs_nothing_but_itself) {
    const std::string page(relay::waiting_page());
    BOOST_TEST(page.find("http-equiv=\"refresh\"") != std::string::npos);
    BOOST_TEST(page.find("<script") == std::string::npos);
    BOOST_TEST(page.find("://") == std::string::npos);
    // The policy allows this very style and nothing else.
    const auto begin = page.find("<style>") + 7;
    const std::string style = page.substr(begin, page.find("</style>") - begin);
    std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
    SHA256(reinterpret_cast<const unsigned char*>(style.data()), style.size(), hash.data());
    std::string text(boost::beast::detail::base64::encoded_size(hash.size()), '\0');
    text.resize(boost::beast::detail::base64::encode(text.data(), hash.data(), hash.size()));
    BOOST_TEST(relay::waiting_page_fields().value("Content-Security-Policy").find("style-src 'sha256-" + text + "'") !=
                   std::string_view::npos,
               text);
    BOOST_TEST(page.find("style=") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
