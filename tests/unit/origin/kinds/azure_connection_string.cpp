#include <sluice/origin/kinds/azure_connection_string.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

using sluice::origin::parse_azure_connection_string;

namespace {

std::string fault_of(std::string_view text) {
    const auto read = parse_azure_connection_string(text);
    if (read) {
        return "none";
    }
    BOOST_TEST((read.error().code == sluice::errc::bad_config));
    return read.error().detail;
}

std::string place(const sluice::config::url& u) {
    return (u.tls ? "https://" : "http://") + u.host + ":" + std::to_string(u.port) + u.path;
}

} // namespace

BOOST_AUTO_TEST_SUITE(azure_connection_string)

BOOST_AUTO_TEST_CASE(as_the_portal_shows_it) {
    const auto read = parse_azure_connection_string(
        "DefaultEndpointsProtocol=https;AccountName=mediaacct;AccountKey=AbC+/9==;EndpointSuffix=core.windows.net");
    BOOST_REQUIRE(read);
    BOOST_TEST(read->account == "mediaacct");
    BOOST_TEST(read->key.reveal() == "AbC+/9=="); // split at the first "="
    BOOST_TEST(place(read->endpoint) == "https://mediaacct.blob.core.windows.net:443");
}

BOOST_AUTO_TEST_CASE(other_ways_to_write_it) {
    const auto china = parse_azure_connection_string(
        " accountkey = a2V5 ;ACCOUNTNAME=acct1;EndpointSuffix=core.chinacloudapi.cn;;QueueEndpoint=what=ever;\n");
    BOOST_REQUIRE(china);
    BOOST_TEST(china->key.reveal() == "a2V5");
    BOOST_TEST(place(china->endpoint) == "https://acct1.blob.core.chinacloudapi.cn:443"); // https where nothing says
    const auto bare = parse_azure_connection_string("DefaultEndpointsProtocol=HTTP;AccountName=acct1;AccountKey=k");
    BOOST_TEST(place(bare.value().endpoint) == "http://acct1.blob.core.windows.net:80");
}

BOOST_AUTO_TEST_CASE(an_endpoint_of_its_own) {
    const auto of = [](std::string endpoint) {
        const auto read =
            parse_azure_connection_string("AccountName=acct1;AccountKey=k;BlobEndpoint=" + std::move(endpoint));
        return read ? place(read->endpoint) : read.error().detail;
    };
    BOOST_TEST(of("http://127.0.0.1:10000/acct1") == "http://127.0.0.1:10000/acct1");
    BOOST_TEST(of("http://127.0.0.1:10000/acct1/") == "http://127.0.0.1:10000/acct1");
    BOOST_TEST(of("https://[::1]:10000/acct1") == "https://::1:10000/acct1");
    BOOST_TEST(of("https://Media.Example/") == "https://media.example:443");
    for (const char* wrong :
         {"media.example", "ftp://media.example", "https://user:pw@media.example/a", "https://media.example/a?sig=x",
          "https://media.example/a/../b", "https://m/a//b", "https://m/a%2Fb", "https://"}) {
        BOOST_TEST(of(wrong).starts_with("has a BlobEndpoint "), wrong);
    }
}

BOOST_AUTO_TEST_CASE(the_emulator) {
    const auto read = parse_azure_connection_string("UseDevelopmentStorage=true;");
    BOOST_REQUIRE(read);
    BOOST_TEST(read->account == "devstoreaccount1");
    BOOST_TEST(read->key.reveal().size() == 88);
    BOOST_TEST(place(read->endpoint) == "http://127.0.0.1:10000/devstoreaccount1");
    BOOST_TEST(fault_of("UseDevelopmentStorage=false") == "has a UseDevelopmentStorage other than true");
    BOOST_TEST(fault_of("UseDevelopmentStorage=true;AccountName=acct1") ==
               "has other settings beside UseDevelopmentStorage");
    BOOST_TEST(fault_of("UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://h").starts_with("has a Dev"));
}

BOOST_AUTO_TEST_CASE(what_it_refuses_quotes_nothing) {
    const std::pair<const char*, const char*> wrong[] = {
        {"", "has no AccountName"},
        {";;", "has no AccountName"},
        {"hush-hush", "has a setting without"},
        {"AccountName=acct1;hush==", "has a setting that is not known"},
        {"AccountName=acct1;AccountKye=hush", "has a setting that is not known"},
        {"AccountName=acct1;accountname=acct2;AccountKey=hush", "has the same setting twice"},
        {"AccountKey=hush", "has no AccountName"},
        {"AccountName=acct1", "has no AccountKey"},
        {"AccountName=acct1;AccountKey=", "has no AccountKey"},
        {"AccountName=HUSH;AccountKey=hush", "has an AccountName that"},
        {"AccountName=ab;AccountKey=hush", "has an AccountName that"},
        {"AccountName=a/../hush;AccountKey=hush", "has an AccountName that"},
        {"AccountName=acct1;AccountKey=hush;DefaultEndpointsProtocol=hush", "has a DefaultEndpointsProtocol"},
        {"AccountName=acct1;AccountKey=hush;EndpointSuffix=hush/x", "has a bad EndpointSuffix"},
        {"AccountName=acct1;AccountKey=hush;EndpointSuffix=hush:80", "has a bad EndpointSuffix"},
        {"AccountName=acct1;AccountKey=hush;EndpointSuffix=hush?x", "has a bad EndpointSuffix"},
        {"AccountName=acct1;AccountKey=hush;EndpointSuffix=x@hush", "has a bad EndpointSuffix"},
        {"BlobEndpoint=https://a.example;SharedAccessSignature=sv=1&sig=hush", "has a SharedAccessSignature, which"},
    };
    for (const auto& [text, detail] : wrong) {
        const std::string said = fault_of(text);
        BOOST_TEST(said.starts_with(detail), text << " gave " << said);
        BOOST_TEST(said.find("hush") == std::string::npos);
        BOOST_TEST(said.find("HUSH") == std::string::npos);
    }
}

BOOST_AUTO_TEST_SUITE_END()
