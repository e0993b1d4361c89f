#include <sluice/base/text.hpp>
#include <sluice/config/address.hpp>
#include <sluice/server/access_log.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include "../session/fake_client.hpp"

#include <algorithm>
#include <random>
#include <string>

using namespace sluice;
using namespace sluice::server;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

/// The line of an exchange, which must be one, and JSON.
json::object line_of(session::fake_exchange& f) {
    access_log log(true);
    log.record(f.x);
    const std::string& text = log.collected();
    BOOST_TEST_REQUIRE(text.ends_with('\n'));
    BOOST_TEST(std::ranges::count(text, '\n') == 1);
    boost::system::error_code ec;
    auto value = json::parse(std::string_view(text).substr(0, text.size() - 1), ec);
    BOOST_TEST_REQUIRE((!ec && value.is_object()), text);
    return value.as_object();
}

std::string text_of(const json::object& line, std::string_view key) {
    return line.contains(key) ? std::string(line.at(key).as_string()) : "absent";
}

/// How much of `value` the text `shown` of the log stands for: its bytes that are no UTF-8, and control characters, are
/// shown as the code point of that number. Fails where it stands for something else.
std::size_t shown_bytes(std::string_view value, std::string_view shown) {
    std::size_t at = 0;
    while (!shown.empty()) {
        const auto length = utf8_length(shown);
        const auto character = shown.substr(0, length);
        shown.remove_prefix(length);
        if (value.substr(at).starts_with(character)) {
            at += length;
            continue;
        }
        const auto c = static_cast<unsigned char>(character[0]);
        const bool is_byte = length == 2 && c < 0xc4 && at < value.size() &&
                             static_cast<unsigned char>(value[at]) ==
                                 (((c & 3U) << 6U) | (static_cast<unsigned char>(character[1]) & 0x3fU));
        BOOST_TEST_REQUIRE(is_byte);
        ++at;
    }
    return at;
}

struct logged_field {
    const char* name;
    const char* key;
    std::size_t max;
};
constexpr logged_field logged[] = {
    {"Range", "range", 256}, {"user-agent", "user_agent", 512}, {"X-REQUEST-ID", "request_id", 128}};

} // namespace

BOOST_AUTO_TEST_SUITE(access_logs)

BOOST_AUTO_TEST_CASE(what_there_is_not_has_no_key) {
    session::fake_exchange f;
    f.head.fields.items = {{"Host", "x"}, {"User-Agent", ""}, {"Cookie", "SECRET"}, {"Authorization", "SECRET"}};
    const auto line = line_of(f);
    for (const auto* key : {"range", "user_agent", "request_id", "authorize_ms", "origin_ms", "first_byte_ms",
                            "complete", "cut_by", "detail"}) {
        BOOST_TEST(!line.contains(key), key);
    }
    BOOST_TEST(json::serialize(line).find("SECRET") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_was_asked_and_how_long_it_took) {
    session::fake_exchange f;
    f.head.fields.items = {{"range", "bytes=0-99"}, {"User-Agent", "Player/1.0 (\"x\")"}, {"x-request-id", "4bf92f35"}};
    f.x.authorize_time = 1500us;
    f.x.origin_time = 52ms;
    const auto line = line_of(f);
    BOOST_TEST(text_of(line, "range") == "bytes=0-99");
    BOOST_TEST(text_of(line, "user_agent") == "Player/1.0 (\"x\")");
    BOOST_TEST(text_of(line, "request_id") == "4bf92f35");
    BOOST_TEST(line.at("authorize_ms").as_double() == 1.5);
    BOOST_TEST(line.at("origin_ms").as_double() == 52.0);
}

BOOST_AUTO_TEST_CASE(the_first_of_several_is_logged) {
    session::fake_exchange f;
    for (const auto& each : logged) {
        f.head.fields.items.push_back({each.name, "one"});
        f.head.fields.items.push_back({each.name, "two"});
    }
    const auto line = line_of(f);
    for (const auto& each : logged) {
        BOOST_TEST(text_of(line, each.key) == "one");
    }
}

BOOST_AUTO_TEST_CASE(long_values_are_cut) {
    const std::string text(60'000, 'a');
    const std::string odd = "a" + [] {
        std::string s;
        for (int i = 0; i < 20'000; ++i) {
            s += "\xe2\x82\xac"; // one character of three bytes
        }
        return s;
    }();
    for (const auto& each : logged) {
        session::fake_exchange f;
        f.head.fields.items = {{each.name, text}};
        BOOST_TEST(text_of(line_of(f), each.key) == text.substr(0, each.max));
        f.head.fields.items = {{each.name, odd}};
        const auto cut = text_of(line_of(f), each.key);
        BOOST_TEST(cut.size() > each.max - 3);
        BOOST_TEST(cut.size() <= each.max);
        BOOST_TEST((cut.size() - 1) % 3 == 0U); // between two characters
        BOOST_TEST(odd.starts_with(cut));
    }
}

BOOST_AUTO_TEST_CASE(hostile_values_stay_in_their_place) {
    const auto seed = std::random_device{}();
    BOOST_TEST_MESSAGE("seed " << seed);
    std::mt19937 random(seed);
    for (int round = 0; round < 300; ++round) {
        std::string value(1 + random() % 200, '\0');
        for (auto& c : value) {
            c = static_cast<char>(random() % 256);
        }
        session::fake_exchange f;
        const auto& each = logged[random() % std::size(logged)];
        f.head.fields.items = {{each.name, value}};
        const auto line = line_of(f);
        const auto shown = shown_bytes(value, text_of(line, each.key));
        BOOST_TEST(shown + 4 > std::min(value.size(), each.max), "seed " << seed);
        BOOST_TEST(text_of(line, "message") == "access");
    }
    session::fake_exchange f;
    f.head.fields.items = {{"User-Agent", "x\",\"status\":200,\"y\":\"\r\n{\"level\":\"error\"}"}};
    f.x.status = 404;
    BOOST_TEST(line_of(f).at("status").as_int64() == 404);
}

BOOST_AUTO_TEST_CASE(utf8_is_logged_as_it_is) {
    const std::string name = "B\xc3\xbc"
                             "cher \xe2\x82\xac \xf0\x9f\x8e\xac";
    session::fake_exchange f;
    const std::string target = "/" + name;
    f.head.target = target;
    for (const auto& each : logged) {
        f.head.fields.items.push_back({each.name, name});
    }
    const auto line = line_of(f);
    BOOST_TEST(text_of(line, "path") == target);
    for (const auto& each : logged) {
        BOOST_TEST(text_of(line, each.key) == name);
    }
}

BOOST_AUTO_TEST_CASE(a_cut_response_is_not_complete) {
    for (const auto by : metrics::all_cut_by) {
        session::fake_exchange f;
        f.x.status = 200;
        f.x.note_cut(by); // nothing was begun
        BOOST_TEST(!line_of(f).contains("complete"));
        f.x.note_head_sent();
        f.x.note_cut(by);
        f.x.note_cut(metrics::cut_by::internal); // the first tells
        const auto line = line_of(f);
        BOOST_TEST(!line.at("complete").as_bool());
        BOOST_TEST(text_of(line, "cut_by") == to_string(by));
    }
}

BOOST_AUTO_TEST_CASE(behind_a_trusted_proxy_the_client_is_who_it_names) {
    const auto logged_as = [](const char* trusted, std::string_view forwarded) {
        session::fake_exchange f; // from 192.0.2.1
        auto settings = std::make_shared<config::config>();
        settings->trusted_proxies = {config::parse_cidr(trusted).value()};
        f.context.settings = settings;
        if (!forwarded.empty()) {
            f.head.fields.items = {{"X-Forwarded-For", forwarded}};
        }
        const auto line = line_of(f);
        return text_of(line, "client") + " " + text_of(line, "peer");
    };
    BOOST_TEST(logged_as("192.0.2.0/24", "203.0.113.7") == "203.0.113.7 192.0.2.1");
    BOOST_TEST(logged_as("192.0.2.0/24", "1.1.1.1, 203.0.113.7, 192.0.2.9") == "203.0.113.7 192.0.2.1");
    BOOST_TEST(logged_as("192.0.2.0/24", "[2001:DB8::1]:567") == "2001:db8::1 192.0.2.1");
    BOOST_TEST(logged_as("192.0.2.0/24", "") == "192.0.2.1 absent");
    BOOST_TEST(logged_as("192.0.2.0/24", "\",\"status\":1") == "192.0.2.1 absent");
    BOOST_TEST(logged_as("192.0.2.0/24", std::string(5000, '1')) == "192.0.2.1 absent");
    BOOST_TEST(logged_as("10.0.0.0/8", "203.0.113.7") == "192.0.2.1 absent");
}

BOOST_AUTO_TEST_CASE(nothing_where_it_is_off) {
    session::fake_exchange f;
    access_log log(false);
    log.record(f.x);
    BOOST_TEST(log.collected().empty());
}

BOOST_AUTO_TEST_SUITE_END()
