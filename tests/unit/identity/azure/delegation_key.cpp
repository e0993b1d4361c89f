// User delegation keys: the answer and the request.
#include <sluice/identity/azure/delegation_key.hpp>
#include <sluice/identity/rfc3339.hpp>

#include <boost/test/unit_test.hpp>

#include "../scripted_client.hpp"

#include <string>
#include <vector>

using namespace sluice::identity;
using namespace std::chrono_literals;
using sluice::errc;
using sluice::result;
using sluice::secret;
namespace scripts = sluice::identity::test;

namespace {

const time_point start = *parse_rfc3339("2026-01-15T12:00:00Z");

std::string key_xml(std::string_view expiry = "2026-01-16T12:00:00Z", std::string_view value = "AAECAwQFBgc=") {
    return "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?><UserDelegationKey><SignedOid>o-1</SignedOid>"
           "<SignedTid>t-1</SignedTid><SignedStart>2026-01-15T11:45:00.1234567Z</SignedStart><SignedExpiry>" +
           std::string(expiry) +
           "</SignedExpiry><SignedService>b</SignedService><SignedVersion>2025-11-05</SignedVersion><Value>" +
           std::string(value) + "</Value></UserDelegationKey>";
}

result<user_delegation_key> read(std::string_view body, unsigned status = 200) {
    http_response r;
    r.status = status;
    r.body = secret(body);
    r.fields = {{"X-Ms-Error-Code", "FromTheField"}};
    return read_delegation_key(r, start, {"hush-bearer"});
}

/// Has a token for who looks the third time.
struct late_tokens final : provider<bearer_token> {
    [[nodiscard]] std::shared_ptr<const bearer_token> current() const override {
        return ++looks < 3 ? nullptr
                           : std::make_shared<const bearer_token>(bearer_token{secret("eyAz"), start + 1h, ""});
    }
    mutable int looks{0};
};

} // namespace

BOOST_AUTO_TEST_SUITE(azure_delegation_key)

BOOST_AUTO_TEST_CASE(an_answer) {
    const auto key = read(key_xml());
    BOOST_REQUIRE(key);
    BOOST_TEST(key->oid == "o-1");
    BOOST_TEST(key->tid == "t-1");
    BOOST_TEST(key->start == "2026-01-15T11:45:00Z"); // without the fraction
    BOOST_TEST(key->expiry == "2026-01-16T12:00:00Z");
    BOOST_TEST(key->service == "b");
    BOOST_TEST(key->version == "2025-11-05"); // as returned, not as asked
    BOOST_TEST(key->value.reveal() == "AAECAwQFBgc=");
    BOOST_TEST((key->expires == start + 24h));
    BOOST_TEST((key->refresh_at == start + 12h)); // URLs end with their key
    BOOST_TEST((read(key_xml("2026-01-15T13:00:00Z"))->refresh_at == start + 30min));
    BOOST_TEST(read(key_xml().substr(3)).has_value()); // without the byte order mark
}

BOOST_AUTO_TEST_CASE(answers_that_are_no_key) {
    const std::string good = key_xml();
    std::vector<std::string> wrong{"",
                                   "garbage",
                                   "{}",
                                   "<UserDelegationKey/>",
                                   "<a/>",
                                   good.substr(0, good.size() / 2),
                                   key_xml("2026-01-15T12:00:00Z"),
                                   key_xml("2026-01-16T12:00:00+00:00"),
                                   key_xml("tomorrow"),
                                   key_xml("2026-01-16T12:00:00Z", ""),
                                   key_xml("2026-01-16T12:00:00Z", "not base64!"),
                                   key_xml("2026-01-16T12:00:00Z", "===="),
                                   key_xml("2026-01-16T12:00:00Z", "A=B=")};
    for (const char* name :
         {"SignedOid", "SignedTid", "SignedStart", "SignedExpiry", "SignedService", "SignedVersion", "Value"}) {
        std::string without = good;
        const std::string open = std::string("<") + name + ">";
        without.replace(without.find(open), open.size(), "<Other>");
        const std::string close = std::string("</") + name + ">";
        without.replace(without.find(close), close.size(), "</Other>");
        wrong.push_back(without);
    }
    for (const std::string& body : wrong) {
        const auto got = read(body);
        BOOST_TEST((got.has_error() && got.error().code == errc::no_credentials && got.error().retryable), body);
    }
}

BOOST_AUTO_TEST_CASE(refusals_in_the_services_own_words) {
    const auto denied = read("\xef\xbb\xbf<?xml version=\"1.0\"?><Error><Code>AuthorizationPermissionMismatch</Code>"
                             "<Message>This request is not authorized.\nRequestId:1\nTime:2</Message>"
                             "<AuthenticationErrorDetail>hush</AuthenticationErrorDetail></Error>",
                             403);
    BOOST_REQUIRE(denied.has_error());
    BOOST_TEST(!denied.error().retryable);
    BOOST_TEST(denied.error().detail ==
               "Azure user delegation key: answered 403: AuthorizationPermissionMismatch: This request is not "
               "authorized. (it takes the role Storage Blob Delegator)");
    const auto busy = read("not XML", 503);
    BOOST_TEST((busy.has_error() && busy.error().retryable));
    BOOST_TEST(busy.error().detail == "Azure user delegation key: answered 503: FromTheField");
    for (const unsigned status : {400U, 401U, 404U, 204U, 302U}) {
        const auto got = read(key_xml(), status);
        BOOST_TEST((got.has_error() && !got.error().retryable), status);
    }
}

BOOST_AUTO_TEST_CASE(the_request) {
    const auto tokens =
        std::make_shared<static_provider<bearer_token>>(bearer_token{secret("eyAz"), start + 1h, std::string()});
    azure_blob_service service;
    service.endpoint = {true, "acct.blob.core.windows.net", 443, ""};
    service.ca_file = "ca.pem";
    azure_delegation_key_source source(service, tokens, [] { return start; });
    scripts::step s = scripts::answers("POST", "/", 200, key_xml());
    s.tls = true;
    s.authority = "acct.blob.core.windows.net";
    s.exact_query = {{"restype", "service"}, {"comp", "userdelegationkey"}};
    s.fields = {{"Authorization", "Bearer eyAz"}, {"x-ms-version", "2021-12-02"}, {"Content-Type", "application/xml"}};
    scripts::scripted_client client({s, scripts::times_out("POST", "/")});
    BOOST_TEST(scripts::run(source.fetch(client)).has_value());
    BOOST_TEST(client.calls.front().ca_file == "ca.pem");
    BOOST_TEST(client.calls.front().body.reveal() ==
               "<?xml version=\"1.0\" encoding=\"utf-8\"?><KeyInfo><Start>2026-01-15T11:45:00Z</Start>"
               "<Expiry>2026-01-16T12:00:00Z</Expiry></KeyInfo>");
    const auto slow = scripts::run(source.fetch(client));
    BOOST_TEST((slow.has_error() && slow.error().code == errc::no_credentials && slow.error().retryable));

    const auto expired =
        std::make_shared<static_provider<bearer_token>>(bearer_token{secret("eyAz"), start, std::string()});
    service.timeout = 10ms;
    azure_delegation_key_source nobody(service, expired, [] { return start; });
    const auto none = scripts::run(nobody.fetch(client)); // asks nothing
    BOOST_TEST((none.has_error() && none.error().retryable));
}

BOOST_AUTO_TEST_CASE(a_token_that_is_on_its_way_is_waited_for) {
    const auto tokens = std::make_shared<late_tokens>();
    azure_blob_service service;
    service.endpoint = {true, "acct.blob.core.windows.net", 443, ""};
    azure_delegation_key_source source(service, tokens, [] { return start; });
    scripts::scripted_client client({scripts::answers("POST", "/", 200, key_xml())});
    BOOST_TEST(scripts::run(source.fetch(client)).has_value());
    BOOST_TEST(tokens->looks == 3);
}

BOOST_AUTO_TEST_SUITE_END()
