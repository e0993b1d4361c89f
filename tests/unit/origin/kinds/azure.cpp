// The settings of stores of type azure.
#include "../../config/one_store.hpp"

#include <chrono>

using namespace loading;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(azure_settings)

BOOST_AUTO_TEST_CASE(accounts) {
    const auto plain = made(azure + "account: devstoreaccount1");
    BOOST_TEST(type_of(plain) == "azure");
    BOOST_TEST(plain.account == "devstoreaccount1");
    BOOST_TEST(plain.bucket == "media");
    BOOST_TEST(!plain.endpoint.has_value());
    BOOST_TEST(std::holds_alternative<default_chain>(plain.credentials));
    const auto account = [](const std::string& endpoint) {
        return made(azure + "endpoint: '" + endpoint + "'").account;
    };
    BOOST_TEST(account("https://acct.blob.core.windows.net") == "acct");
    BOOST_TEST(account("https://acct.privatelink.blob.core.windows.net/") == "acct");
    BOOST_TEST(account("https://acct.z12.blob.storage.azure.net") == "acct");
    BOOST_TEST(account("https://acct-secondary.blob.core.windows.net") == "acct");
    BOOST_TEST(account("http://127.0.0.1:10000/devstoreaccount1") == "devstoreaccount1");
    BOOST_TEST(account("https://azurite:10000/devstoreaccount1/") == "devstoreaccount1");
    // Beside an endpoint that cannot carry it, the account becomes its path.
    BOOST_TEST(made(azure + "account: abc, endpoint: 'http://127.0.0.1:1'").endpoint->path == "/abc");
    BOOST_TEST(made(azure + "account: abc, endpoint: 'http://localhost:1'").endpoint->path == "/abc");
    BOOST_TEST(made(azure + "account: abc, endpoint: 'https://media.example'").endpoint->path == "");
    BOOST_TEST(made(azure + "account: abc, endpoint: 'http://127.0.0.1:1/abc'").endpoint->path == "/abc");
    fault_of("type: azure, container: media", "account\" is missing: it is needed where no endpoint names it");
    fault_of(azure + "endpoint: 'https://media.example'", "the endpoint does not name it");
    fault_of(azure + "endpoint: 'https://127.0.0.1'", "the endpoint does not name it");
    fault_of(azure + "endpoint: 'https://A_B.blob.core.windows.net'", "the endpoint does not name it");
    fault_at(azure + "endpoint: @@'https://h/a/b'", "more than the account's name");
    fault_at(azure + "endpoint: @@'https://h/Acct'", "no storage account's name");
    fault_at(azure + "endpoint: @@'https://h/a b'", "endpoint");
    fault_at(azure + "endpoint: @@'https://h?sv=hunter2'", "must not have a query");
    fault_at(azure + "account: @@abc, endpoint: 'https://abd.blob.core.windows.net'", "the endpoint names");
    fault_at(azure + "account: @@abc, endpoint: 'http://127.0.0.1/abd'", "the endpoint names");
    for (const std::string name : {"ab", "Abc", "a-bc", "abcdefghijklmnopqrstuvwxy", "\"\"", "[a]"}) {
        fault_at(azure + "account: @@" + name, "account");
    }
    for (const std::string name : {"abc", "a-b-c", "123", "$$web", "$$root"}) {
        good(with("type: azure, account: abc, container: " + name));
    }
    for (const std::string name : {"ab", "Abc", "-abc", "abc-", "a--b", "a_b", "a/b", "$$x", "\"\""}) {
        fault_at("type: azure, account: abc, container: @@" + name, "container");
    }
    fault_of("type: azure, account: abc", "container\" is missing");
    for (const std::string pair :
         {"bucket: @@b", "region: @@r", "addressing: @@path", "fips: @@false", "signer: @@a@b", "root: @@/r"}) {
        fault_at(azure + "account: abc, " + pair, "means nothing in a store of type azure");
    }
    fault_at(azure + "account: abc, endpoint: @@'http://h'", "must be https");
    good(with(azure + "account: abc, anonymous: true, endpoint: 'http://h'"));
    good(with(azure + "account: abc, credentials: {account_key: YWJj}, endpoint: 'http://h'"));
}

BOOST_AUTO_TEST_CASE(keys) {
    const std::string account = azure + "account: abc, ";
    const auto key = [](const store& s) {
        return std::string(std::get<azure_account_key>(s.credentials).key.reveal());
    };
    BOOST_TEST(key(made(account + "credentials: {account_key: YW+/}")) == "YW+/");
    BOOST_TEST(key(made(account + "credentials: {account_key: 'YWI='}")) == "YWI=");
    for (const std::string text : {"\"\"", "abc", "'===='", "'ab-_'", "'a==='", "'YW b'"}) {
        fault_at(account + "credentials: {account_key: @@" + text + "}", "is not base64");
    }
    fault_at(account + "credentials: {account_key: @@'YW=b'}", "is not base64");
    fault_at(account + "credentials: {account_key: @@{file: secret}}", "is not base64");
    fault_at(account + "credentials: @@{}", "needs account_key or connection_string");
    fault_at(account + "credentials: {account_key: @@YWJj, connection_string: x}", "are mutually exclusive");
    fault_at(account + "credentials: {access_key_id: @@a, account_key: YWJj}",
             "means nothing in a store of type azure");
    fault_at(account + "anonymous: true, credentials: @@{account_key: YWJj}", "and anonymous are mutually exclusive");

    const std::string text =
        "'DefaultEndpointsProtocol=https;AccountName=abc;AccountKey=YWI=;EndpointSuffix=core.windows.net'";
    const auto by_string = made(azure + "credentials: {connection_string: " + text + "}");
    BOOST_TEST(by_string.account == "abc");
    BOOST_TEST(by_string.endpoint->authority() == "abc.blob.core.windows.net");
    BOOST_TEST(by_string.endpoint->tls);
    BOOST_TEST(key(by_string) == "YWI=");
    const auto emulator = made(azure + "credentials: {connection_string: 'UseDevelopmentStorage=true'}");
    BOOST_TEST(emulator.account == "devstoreaccount1");
    BOOST_TEST(emulator.endpoint->authority() == "127.0.0.1:10000");
    BOOST_TEST(emulator.endpoint->path == "/devstoreaccount1");
    good(with(account + "endpoint: 'https://abc.blob.core.windows.net', credentials: {connection_string: " + text +
              "}"));
    fault_at(azure + "account: @@abd, credentials: {connection_string: " + text + "}",
             "not that of the connection string");
    fault_at(azure + "endpoint: @@'https://abc.blob.example', credentials: {connection_string: " + text + "}",
             "not that of the connection string");
    fault_at(azure + "credentials: {connection_string: @@'AccountName=abc;AccountKey=hunter2'}", "not base64");
    fault_at(azure + "credentials: {connection_string: @@'AccountName=abc'}", "connection_string\" ");
    fault_at(azure + "credentials: {connection_string: @@''}", "connection_string\" ");
    BOOST_TEST(
        bad(with(azure + "credentials: {connection_string: 'AccountName=abc;AccountKey=hunter2'}")).find("hunter2") ==
        std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
