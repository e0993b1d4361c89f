#include <sluice/net/proxy.hpp>

#include <boost/test/unit_test.hpp>

#include <map>

namespace sluice::net::test {
namespace {

using variables = std::map<std::string, std::string, std::less<>>;

result<std::shared_ptr<const proxy_settings>> read(const variables& set) {
    return proxy_settings::read([&](std::string_view name) -> std::optional<std::string> {
        const auto found = set.find(name);
        return found == set.end() ? std::nullopt : std::optional(found->second);
    });
}

peer store_at(std::string host, std::uint16_t port = 443) {
    peer p;
    p.tls = true;
    p.host = std::move(host);
    p.port = port;
    return p;
}

/// Whether the place is reached without the proxy under this NO_PROXY.
bool direct(const std::string& no_proxy, const std::string& host, std::uint16_t port = 443) {
    const auto settings = read({{"https_proxy", "http://proxy:3128"}, {"no_proxy", no_proxy}});
    BOOST_REQUIRE(settings.has_value());
    BOOST_REQUIRE(*settings != nullptr);
    return (*settings)->proxy_for(store_at(host, port)) == nullptr;
}

} // namespace

BOOST_AUTO_TEST_SUITE(proxy)

BOOST_AUTO_TEST_CASE(urls_are_taken_apart) {
    struct row {
        const char* text;
        const char* authority;
        const char* authorization;
    };
    // The base64 by coreutils: printf %s 'user:p@ss:w/rd%' | base64
    for (const auto& [text, authority, authorization] :
         {row{"http://proxy.example:3128", "proxy.example:3128", ""},
          row{"http://Proxy.Example/", "proxy.example:80", ""}, row{"proxy:8080", "proxy:8080", ""},
          row{"HTTP://10.0.0.1:1", "10.0.0.1:1", ""}, row{"http://[FD00::1]:3128", "[fd00::1]:3128", ""},
          row{"http://user:p%40ss%3Aw%2Frd%25@proxy:3128", "proxy:3128", "Basic dXNlcjpwQHNzOncvcmQl"},
          row{"user:secret@proxy:3128", "proxy:3128", "Basic dXNlcjpzZWNyZXQ="},
          row{"http://user@proxy:3128", "proxy:3128", "Basic dXNlcjo="},
          row{"http://:token@proxy:3128", "proxy:3128", "Basic OnRva2Vu"}, row{"http://@proxy:3128", "proxy:3128", ""},
          row{"http://a+b:c+d@proxy:3128", "proxy:3128", "Basic YStiOmMrZA=="}}) {
        const auto p = parse_proxy(text);
        BOOST_TEST_REQUIRE(p.has_value(), text);
        BOOST_TEST(p->authority() == authority);
        BOOST_TEST(p->authorization.reveal() == authorization);
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_http_proxy_is_refused_and_not_repeated) {
    for (const std::string text : {"https://user:hunter2@proxy:3128",
                                   "socks5://user:hunter2@proxy:1080",
                                   "socks5h://hunter2:1080",
                                   "http://proxy:3128/hunter2",
                                   "http://proxy:3128?hunter2",
                                   "http://proxy:3128#hunter2",
                                   "http://proxy:hunter2",
                                   "http://proxy:0",
                                   "http://proxy:70000",
                                   "http://user:hunt er2@proxy:3128",
                                   "http://user:hunter2@@proxy:3128",
                                   "http://user:hunter2#@proxy:3128",
                                   "http://user:hunter2%@proxy:3128",
                                   "http://user%3Aa:hunter2@proxy:3128",
                                   "http://user:hunter2%0D%0AX:y@proxy:3128",
                                   "http://user:hunter2%00@proxy:3128",
                                   "http://",
                                   "http:///",
                                   "http://user:hunter2@",
                                   "hunter2 proxy",
                                   "://proxy",
                                   "http://hunter2..proxy:3128",
                                   "http://%70roxy:3128",
                                   "[::1",
                                   "http://proxy:3128\r\nX: y",
                                   "ftp://proxy"}) {
        const auto p = parse_proxy(text);
        BOOST_TEST(!p.has_value(), text);
        if (!p) {
            BOOST_TEST((p.error().code == errc::bad_config));
            BOOST_TEST(!p.error().detail.empty());
            BOOST_TEST(p.error().detail.find("hunter2") == std::string::npos, p.error().detail);
        }
        const auto settings = read({{"HTTPS_PROXY", text}});
        BOOST_TEST_REQUIRE(!settings.has_value(), text);
        BOOST_TEST(settings.error().detail.starts_with("HTTPS_PROXY "));
    }
    BOOST_TEST(!parse_proxy("http://" + std::string(5000, 'a') + "@proxy").has_value());
}

BOOST_AUTO_TEST_CASE(variables_in_their_order) {
    BOOST_TEST((*read({}) == nullptr));
    BOOST_TEST((*read({{"https_proxy", ""}, {"HTTPS_PROXY", ""}}) == nullptr));
    BOOST_TEST((*read({{"http_proxy", "p"}, {"HTTP_PROXY", "p"}, {"ALL_PROXY", "p"}, {"all_proxy", "p"}}) == nullptr));
    const variables both{{"https_proxy", "lower:1"}, {"HTTPS_PROXY", "upper:1"}};
    BOOST_TEST((*read(both))->proxy().host == "lower");
    BOOST_TEST((*read({{"https_proxy", ""}, {"HTTPS_PROXY", "upper:1"}}))->proxy().host == "upper");
    // The first alone counts, even where it is wrong: nobody is to be sent elsewhere by a slip.
    const auto wrong = read({{"https_proxy", "socks5://x"}, {"HTTPS_PROXY", "upper:1"}});
    BOOST_REQUIRE(!wrong.has_value());
    BOOST_TEST(wrong.error().detail.starts_with("https_proxy "));
    const auto except = *read({{"https_proxy", "lower:1"}, {"no_proxy", "one.example"}, {"NO_PROXY", "two.example"}});
    BOOST_TEST((except->proxy_for(store_at("one.example")) == nullptr));
    BOOST_TEST((except->proxy_for(store_at("two.example")) != nullptr));
    const auto upper = *read({{"https_proxy", "lower:1"}, {"no_proxy", ""}, {"NO_PROXY", "two.example"}});
    BOOST_TEST((upper->proxy_for(store_at("two.example")) == nullptr));
}

BOOST_AUTO_TEST_CASE(only_tls_and_never_the_app) {
    const auto settings = *read({{"https_proxy", "http://proxy:3128"}});
    auto p = store_at("s3.example");
    BOOST_REQUIRE((settings->proxy_for(p) != nullptr));
    BOOST_TEST(settings->proxy_for(p)->authority() == "proxy:3128");
    p.source = error_source::internal;
    BOOST_TEST((settings->proxy_for(p) != nullptr));
    p.source = error_source::app;
    BOOST_TEST((settings->proxy_for(p) == nullptr));
    p.source = error_source::origin;
    p.tls = false;
    BOOST_TEST((settings->proxy_for(p) == nullptr));
    p.host = "169.254.169.254";
    BOOST_TEST((settings->proxy_for(p) == nullptr));
}

BOOST_AUTO_TEST_CASE(loopback_is_never_proxied) {
    for (const std::string host :
         {"localhost", "LOCALHOST", "localhost.", "127.0.0.1", "127.9.8.7", "::1", "::ffff:127.0.0.1"}) {
        BOOST_TEST(direct("", host), host);
    }
    for (const std::string host : {"localhost.example", "notlocalhost", "128.0.0.1", "::2", "127.0.0.1.example"}) {
        BOOST_TEST(!direct("", host), host);
    }
}

// Go's rules (golang.org/x/net/http/httpproxy, Config.NoProxy).
BOOST_AUTO_TEST_CASE(no_proxy_names_places) {
    struct row {
        const char* no_proxy;
        const char* host;
        std::uint16_t port;
        bool covered;
    };
    for (const auto& [no_proxy, host, port, covered] : {
             row{"", "a.example", 443, false},
             row{"*", "a.example", 443, true},
             row{"b.example,*", "10.0.0.1", 1, true},
             row{"a.example", "a.example", 443, true},
             row{"a.example", "A.EXAMPLE.", 443, true},
             row{" b.example , A.Example. ", "a.example", 443, true},
             row{"b.example a.example", "a.example", 443, true},
             row{"a.example", "x.y.a.example", 443, true},
             row{"a.example", "ba.example", 443, false}, // not a whole label
             row{"a.example", "example", 443, false},
             row{"a.example", "a.example.org", 443, false},
             row{".a.example", "x.a.example", 443, true},
             row{".a.example", "a.example", 443, false},
             row{".a.example", "xa.example", 443, false},
             row{"*.a.example", "x.a.example", 443, true},
             row{"*.a.example", "a.example", 443, false},
             row{"a.*.example", "a.x.example", 443, false},
             row{"a.example:443", "a.example", 443, true},
             row{"a.example:443", "x.a.example", 443, true},
             row{"a.example:443", "a.example", 9000, false},
             row{"a.example:", "a.example", 9000, true},
             row{"a.example:x", "a.example", 443, false},
             row{"a.example:99999", "a.example", 443, false},
             row{"10.0.0.1", "10.0.0.1", 443, true},
             row{"10.0.0.1", "10.0.0.2", 443, false},
             row{"10.0.0.1:443", "10.0.0.1", 443, true},
             row{"10.0.0.1:443", "10.0.0.1", 444, false},
             row{"0.0.1", "10.0.0.1", 443, false}, // an address has no suffixes
             row{"10.0.0.0/8", "10.255.0.1", 443, true},
             row{"10.1.2.3/8", "10.255.0.1", 443, true}, // bits beyond the prefix do not count
             row{"10.0.0.0/8", "11.0.0.1", 443, false},
             row{"10.0.0.0/8", "::ffff:10.0.0.1", 443, true},
             row{"0.0.0.0/0", "9.9.9.9", 443, true},
             row{"0.0.0.0/0", "fd00::1", 443, false},
             row{"0.0.0.0/0", "a.example", 443, false},
             row{"10.0.0.0/33", "10.0.0.1", 443, false},
             row{"10.0.0.0/x", "10.0.0.1", 443, false},
             row{"10.0.0.0/", "10.0.0.1", 443, false},
             row{"fd00::/8", "fd12::1", 443, true},
             row{"fd00::/8", "fe80::1", 443, false},
             row{"fd00::/129", "fd00::1", 443, false},
             row{"fd00::1", "fd00:0::1", 443, true},
             row{"[fd00::1]", "fd00::1", 443, true},
             row{"[fd00::1]:443", "fd00::1", 443, true},
             row{"[fd00::1]:443", "fd00::1", 444, false},
             row{"[fd00::1", "fd00::1", 443, false},
             row{"[fd00::1]x", "fd00::1", 443, false},
             row{",,., :443,*., /,[]", "a.example", 443, false},
         }) {
        BOOST_TEST(direct(no_proxy, host, port) == covered, no_proxy << " | " << host << ":" << port);
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::net::test
