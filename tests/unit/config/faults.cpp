#include "loading.hpp"

#include <chrono>

using namespace loading;

namespace {

/// A route with `more` after the keys that every route needs; the route stands in line 4.
std::string route_with(const std::string& more) {
    return some_stores + "routes: [{name: a, path: \"/a/{x}\", store: up, object: \"{x}\", authorize: none, " + more +
           "}]";
}

/// An S3 store with `more`, in line 2; what is in `more` begins at column 41.
std::string store_with(const std::string& more) {
    return an_app + "stores: {u: {type: s3, bucket: media,    " + more +
           ", credentials: {access_key_id: k, secret_access_key: s}}}";
}

} // namespace

BOOST_AUTO_TEST_SUITE(document)

BOOST_AUTO_TEST_CASE(empty_and_odd_documents) {
    for (const auto* text : {"", "\n", "# nothing\n", "---\n", "~\n", "--- null\n", "\xEF\xBB\xBF"}) {
        one_fault(text, "1:1", "empty");
    }
    one_fault("- a\n", "1:1", "mapping");
    one_fault("text\n", "1:1", "mapping");
    one_fault(an_app + "---\nlog: {}\n", "2:1", "second YAML document");
    BOOST_TEST(bad(an_app + "log: {level: info\n").find("not YAML") != std::string::npos);
    BOOST_TEST(bad("app: {url: http://h}\n\tlog: 1\n").find("not YAML") != std::string::npos);
    BOOST_TEST(bad("]").find("error") != std::string::npos);
    BOOST_TEST(bad(an_app + "\"\\ud800\": 1\n").find("error") != std::string::npos);
    good("\xEF\xBB\xBF" + an_app); // a byte order mark is no fault
    good("%YAML 1.2\n---\n" + an_app + "...\n");
    good("app:\r\n  url: http://h\r\n");
}

BOOST_AUTO_TEST_CASE(bytes) {
    one_fault("app:\n  url: \"caf\xE9\"\n", "2:1", "UTF-8");
    one_fault("\xFF\xFE"
              "a\0",
              "1:1", "UTF-8");
    one_fault(std::string("app:\n  a\0b: 1\n", 13), "2:4", "control character");
    one_fault("app: \x1b[0m\n", "1:6", "control character");
    one_fault(std::string(3U << 20U, ' '), "1:1", "larger than");
}

BOOST_AUTO_TEST_CASE(unknown_and_duplicate_keys) {
    one_fault(an_app + "ap: 1\n", "2:1", "unknown key \"ap\"");
    one_fault(an_app + "log:\n  levle: info\n", "3:3", "unknown key \"levle\" in \"log\"");
    one_fault(an_app + "? \"a b\"\n: 1\n", "2:3", "unknown key that is not a name");
    one_fault(an_app + "log: {<<: {level: info}}\n", "2:7", "unknown key");
    one_fault(an_app + "log:\n  level: info\n  level: warn\n", "4:3", "duplicate key \"level\", first at line 3");
    one_fault(an_app + "app: {url: \"http://other\"}\n", "2:1", "duplicate key \"app\", first at line 1");
    // All of them at once, in the order of the file.
    BOOST_TEST(bad("zz: 1\napp: {url: http://h, x: 1}\nlog: {level: loud, y: 2}\n") ==
               "f:1:1: error: unknown key \"zz\"\n"
               "f:2:22: error: unknown key \"x\" in \"app\"\n"
               "f:3:14: error: \"log.level\" must be one of debug, info, warn, error\n"
               "f:3:20: error: unknown key \"y\" in \"log\"\n");
    std::string many = an_app;
    for (int i = 0; i < 5000; ++i) {
        many.append("k" + std::to_string(i) + ": 1\n");
    }
    const auto all = bad(many);
    BOOST_TEST(std::count(all.begin(), all.end(), '\n') == 100);
    std::string same = an_app;
    for (int i = 0; i < 5000; ++i) {
        same.append("k: 1\n");
    }
    const auto repeated = bad(same);
    BOOST_TEST(std::count(repeated.begin(), repeated.end(), '\n') == 100);
}

BOOST_AUTO_TEST_CASE(anchors_aliases_and_tags) {
    one_fault("app: &a {url: http://h}\nlog: *a\n", "1:6", "anchors");
    one_fault("app: *a\n", "1:6", "anchor"); // unknown alias: the parser's own refusal
    one_fault("app: !!map {url: http://h}\n", "1:6", "tags");
    one_fault("app: {url: !secret http://h}\n", "1:12", "tags");
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 30; ++i) {
        const auto before = "*a" + std::to_string(i - 1);
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
        for (int k = 0; k < 8; ++k) {
            bomb += ", " + before;
        }
        bomb += "]\n";
    }
    one_fault(bomb, "1:5", "anchors");
    one_fault("a: &a\n  b: *a\n", "1:4", "anchors"); // a cycle
}

BOOST_AUTO_TEST_CASE(depth_and_size) {
    one_fault("a: " + std::string(200, '[') + std::string(200, ']'), "1:19", "nested more than 16 deep");
    std::string deep;
    for (int i = 0; i < 400; ++i) {
        deep += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
    }
    BOOST_TEST(bad(deep).find("nested more than 16 deep") != std::string::npos);
    BOOST_TEST(bad(std::string(100000, '{')).find("error") != std::string::npos);
    std::string many = "trusted_proxies:\n";
    for (int i = 0; i < 60000; ++i) {
        many += "- ::1\n";
    }
    BOOST_TEST(bad(many).find("more than 20000 values") != std::string::npos);
    one_fault("{[a]: 1}", "1:2", "key must be");
    one_fault("? {a: b}\n: 1\n", "1:3", "key must be");
    BOOST_TEST(bad("~: 1\n").find("key must be") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(kinds) {
    one_fault(an_app + "log: loud\n", "2:6", "\"log\" must be a mapping");
    one_fault(an_app + "log: [a]\n", "2:6", "\"log\" must be a mapping");
    one_fault(an_app + "stores: [a]\n", "2:9", "\"stores\" must be a mapping");
    one_fault(an_app + "routes: {a: b}\n", "2:9", "\"routes\" must be a list");
    one_fault(an_app + "routes: [a]\n", "2:10", "\"routes[0]\" must be a mapping");
    one_fault(an_app + "routes:\n-\n", "3:1", "has no value");
    one_fault(an_app + "log: {level: [info]}\n", "2:14", "single value");
    one_fault(an_app + "log: {level: }\n", "2:7", "has no value");
    one_fault(an_app + "strip_request_headers: [[a]]\n", "2:25", "list of single values");
    one_fault(an_app + "trusted_proxies: [{a: b}]\n", "2:19", "address blocks");
    one_fault("app: http://h\n", "1:6", "\"app\" must be a mapping");
    one_fault("log: {}\n", "1:1", "\"app\" is missing");
    one_fault("app: {keepalive: 1}\n", "1:6", "\"app.url\" is missing");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(not_supported_yet)

BOOST_AUTO_TEST_CASE(refused_with_their_place) {
    one_fault(an_app + "listeners: [{address: 127.0.0.1:1, tls: {certificate: a, key: b}}]", "2:36",
              "\"tls\" is not supported yet");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(rules)

BOOST_AUTO_TEST_CASE(top_level) {
    for (const auto* value : {"0", "1025", "-1", "many", "0x2", "2.0"}) {
        one_fault(an_app + "workers: " + value, "2:10", "\"workers\"");
    }
    one_fault(an_app + "listeners: []", "2:12", "at least one");
    one_fault(an_app + "listeners: [{}]", "2:13", "\"listeners[0].address\" is missing");
    one_fault(an_app + "listeners: [{address: localhost:1}]", "2:23", "numeric address");
    one_fault(an_app + "listeners: [{address: 127.0.0.1:1}, {address: 127.0.0.1:1}]", "2:47", "taken by");
    one_fault(an_app + "listeners: [{address: 0.0.0.0:9180}]", "2:23", "taken by");
    one_fault(an_app + "admin: {address: 127.0.0.1:8}\nlisteners: [{address: 127.0.0.1:8}]", "2:18", "taken by");
    good(an_app + "admin: {address: 127.0.0.1:0}\nlisteners: [{address: 127.0.0.1:0}]");
    one_fault("app: {url: \"http://127.0.0.1:8080\"}", "1:12", "leads back to the default listener 0.0.0.0:8080");
    one_fault(an_app + "admin: {address: 127.0.0.1:8080}", "2:18", "taken by the default listener");
    one_fault("app: {url: \"http://127.0.0.1:8080\"}\nlisteners: [{address: 0.0.0.0:8080}]", "1:12", "leads back");
    one_fault("app: {url: \"http://u:p@h\"}", "1:12", "user");
    one_fault("app: {url: \"http://h/path\"}", "1:12", "path");
    one_fault("app: {url: \"\"}", "1:12", "URL");
    one_fault(an_app + "trusted_proxies: [10.0.0.1/8]", "2:19", "beyond its prefix");
    one_fault(an_app + "strip_request_headers: [a b]", "2:25", "field name");
    one_fault(an_app + "strip_request_headers: [Host]", "2:25", "frames");
    one_fault(an_app + "strip_request_headers: [X-A, x-a]", "2:30", "twice");
    one_fault(an_app + "admin: {address: 9180}", "2:18", "numeric address");
}

BOOST_AUTO_TEST_CASE(ranges) {
    const auto in = [](const std::string& section, const std::string& pair) {
        one_fault(an_app + section + ": {" + pair + "}", "2:" + std::to_string(section.size() + 4 + pair.find(' ') + 1),
                  pair.substr(0, pair.find(':')));
    };
    in("limits", "connections: 0");
    in("limits", "header_size: 1KiB");
    in("limits", "header_size: 65536");
    in("limits", "header_size: 64kb");
    in("limits", "header_timeout: 0s");
    in("limits", "idle_timeout: 25h");
    in("limits", "send_timeout: 60");
    in("limits", "tunnel_timeout: -1s");
    in("limits", "fills: 0");
    in("limits", "shutdown_delay: 5");
    in("limits", "drain_timeout: 2d");
    in("limits", "decision_bytes: 0");
    in("limits", "decision_bytes: 63KiB");
    in("limits", "decision_bytes: 1000000");
    in("fallback", "concurrency: 0");
    in("fallback", "after: 0s");
    in("fallback", "breaker: 5");
    in("log", "level: INFO");
    in("log", "format: xml");
    in("log", "access: yes");
    in("cache", "max_size: 0");
    in("cache", "max_size: 1MiB");
    in("cache", "min_free: 5%");
    in("cache", "max_objects: 0");
    in("cache", "block_size: 32KiB");
    in("cache", "block_size: 32MiB");
    in("cache", "block_size: 96KiB");
    in("cache", "max_age: 24");
    in("cache", "stale_if_error: x");
    in("cache", "stale_while_revalidate: 5");
    in("cache", "read_ahead: 512KiB");
    in("cache", "memory: 1048575");
    in("cache", "memory: 2TiB");
    in("cache", "memory: 50%");
    in("cache", "max_share: 0%");
    in("cache", "max_share: 101%");
    in("cache", "max_share: 50");
    in("cache", "directory: \"a\\0b\"");
    one_fault(an_app + "cache: {block_size: 16MiB, max_size: 128MiB}", "2:38", "16 blocks");
    one_fault(an_app + "cache: {memory: 64KiB}", "2:17", "must be 0, or from 1MiB on");
    one_fault(an_app + "fallback: {breaker: {failures: 0}}", "2:32", "failures");
    one_fault(an_app + "fallback: {breaker: {open: 2h}}", "2:28", "open");
    one_fault("app: {url: http://h, keepalive: 65536}", "1:33", "keepalive");
    one_fault("app: {url: http://h, connect_timeout: 0s}", "1:39", "connect_timeout");
}

BOOST_AUTO_TEST_CASE(stores_of_type_s3) {
    one_fault(an_app + "stores: {u: }", "2:10", "has no value");
    one_fault(an_app + "stores: {u: {bucket: b}}", "2:13", "\"stores.u.type\" is missing");
    one_fault(an_app + "stores: {u: {type: ftp}}", "2:20", "must be one of");
    one_fault(an_app + "stores: {'a b': {type: local, root: /r}}", "2:10", "a store's name");
    good(store_with("prefix: \"\""));
    one_fault(store_with("region: a/b"), "2:50", "region");
    good(store_with("endpoint: http://h"));
    for (const auto* value : {"ftp://h", "http://u@h", "http://h/a//b", "http://h?q", "h:9000"}) {
        one_fault(store_with(std::string("endpoint: '") + value + "'"), "2:52", "endpoint");
    }
    for (const auto* value : {"uploads", "/uploads", "/..//", "../", "a/./"}) {
        one_fault(store_with(std::string("region: r, prefix: ") + value), "2:61", "prefix");
    }
    for (const auto* value : {"0s", "500ms", "8d", "3600"}) {
        one_fault(store_with(std::string("region: r, url_expiry: ") + value), "2:65", "url_expiry");
    }
    one_fault(store_with("region: r, connect_timeout: 0s"), "2:70", "connect_timeout");
    one_fault(store_with("region: r, response_timeout: 0s"), "2:71", "response_timeout");
    for (const auto* value : {"4ms", "10s", "1m"}) {
        one_fault(store_with(std::string("region: r, hedge_after: ") + value), "2:66",
                  "must be 0s (never), or from 5ms to less than response_timeout (10s)");
    }
    one_fault(store_with("region: r, hedge_after: 1s, response_timeout: 900ms"), "2:66",
              "less than response_timeout (900ms)");
    one_fault(store_with("region: r, hedge_after: 200"), "2:66", "hedge_after");
    one_fault(store_with("region: r, hedge_after: "), "2:53", "has no value");
    good(store_with("region: r, hedge_after: 0s"));
    good(store_with("region: r, hedge_after: 5ms"));
    good(store_with("region: r, hedge_after: 9999ms"));
    one_fault(store_with("region: r, addressing: host"), "2:65", "addressing");
    one_fault(store_with("region: r, ca_file: /nonexistent/ca.pem"), "2:62", "cannot be read");
    one_fault(store_with("region: r, ca_file: /dev/null"), "2:62", "holds no certificate");
    one_fault(store_with("region: r, root: /srv"), "2:59", "means nothing in a store of type s3");
    one_fault(store_with("region: r, parallel: x"), "2:63", "whole number");
    for (const std::string value : {"0", "17", "-1", "1.5"}) {
        one_fault(store_with("region: r, parallel: " + value), "2:63", "\"stores.u.parallel\"");
    }
    const std::string keys = "credentials: {access_key_id: k, secret_access_key: s}";
    for (const auto* value : {"\"\"", "a/b", "'a b'", ".a", "a..b", "-a"}) {
        one_fault(an_app + "stores: {u: {type: s3, region: r, bucket: " + value + ", " + keys + "}}", "2:43", "bucket");
    }
    one_fault(an_app + "stores: {u: {type: s3, region: r, " + keys + "}}", "2:13", "bucket\" is missing");
}

BOOST_AUTO_TEST_CASE(credentials) {
    const auto with = [](const std::string& keys) {
        return an_app + "stores: {u: {type: s3, bucket: b, region: r, credentials: {" + keys + "}}}";
    };
    one_fault(with("access_key_id: a"), "2:59", "secret_access_key\" is missing");
    one_fault(with("secret_access_key: a"), "2:59", "access_key_id\" is missing");
    one_fault(with("access_key_id: a, secret_access_key: \"\""), "2:97", "is empty");
    one_fault(with("access_key_id: a/b, secret_access_key: b"), "2:75", "access_key_id");
    one_fault(with("access_key_id: a, secret_access_key: b, sesion_token: c"), "2:100", "unknown key");
    one_fault(with("access_key_id: a, secret_access_key: {file: gone}"), "2:104", "No such file");
    one_fault(with("access_key_id: a, secret_access_key: b, account_key: c"), "2:113",
              "means nothing in a store of type s3");
    one_fault(an_app + "stores: {u: {type: s3, bucket: b, region: r, credentials: }}", "2:46",
              "default chain is asked");
    one_fault(an_app + "stores: {u: {type: s3, bucket: b, region: r, credentials: k}}", "2:59", "must be a mapping");
}

BOOST_AUTO_TEST_CASE(stores_of_type_local) {
    one_fault(an_app + "stores: {d: {type: local}}", "2:13", "root\" is missing");
    one_fault(an_app + "stores: {d: {type: local, root: \"\"}}", "2:33", "empty");
    one_fault(an_app + "stores: {d: {type: local, root: /r, bucket: b}}", "2:45",
              "means nothing in a store of type local");
    one_fault(an_app + "stores: {d: {type: local, root: /r, prefix: a}}", "2:45", "end in /");
    one_fault(an_app + "stores: {d: {type: local, root: /r, container: a}}", "2:48",
              "means nothing in a store of type local");
    one_fault(an_app + "stores: {d: {type: local, root: /r, containr: a}}", "2:37", "unknown key");
    one_fault(an_app + "stores: {d: {type: local, root: /r, copy: maybe}}", "2:43", "true or false");
    one_fault(an_app + "stores: {d: {type: azure, account: abc, container: cde, copy: true}}", "2:63",
              "means nothing in a store of type azure");
    BOOST_TEST(good(an_app + "stores: {d: {type: local, root: media, copy: true}}").stores.at("d").copy);
    BOOST_TEST(good(an_app + "stores: {d: {type: local, root: media}}").stores.at("d").root == "/conf/media");
}

BOOST_AUTO_TEST_CASE(aliases_of_stores) {
    const auto with = [](const std::string& list) {
        return an_app + "stores: {d: {type: local, root: /r, aliases: " + list + "}}";
    };
    for (const char* list :
         {"[media.example.com]", "[ftp://h/a]", "[\"https://h/a?b\"]", "[\"https://h/a#b\"]", "[https://u@h/a]",
          "[https://h/a//b]", "[https://h/../a]", "[https://h/a%20b]", "[\"https://h:0\"]", "[https://]", "[\"\"]"}) {
        one_fault(with(list), "2:47", "aliases");
    }
    one_fault(with("https://h/a"), "2:46", "aliases");
    one_fault(with("[https://h/a, https://H/a/]"), "2:60", "twice");
    const auto loaded = good(with("[https://Media.example.com/, \"http://[::1]:9000/a/b\"]"));
    const auto& got = loaded.stores.at("d").aliases;
    BOOST_REQUIRE(got.size() == 2U);
    BOOST_TEST(got[0].text() == "https://media.example.com");
    BOOST_TEST(got[1].text() == "http://[::1]:9000/a/b");
    BOOST_TEST(good(with("[]")).stores.at("d").aliases.empty());
}

BOOST_AUTO_TEST_CASE(routes) {
    const auto fault = [](const std::string& text, const std::string& place, std::string_view part) {
        one_fault(some_stores + "routes: [" + text + "]", "4:" + place, part);
    };
    const std::string tail = ", store: up, object: o, authorize: none}";
    fault("{path: /a" + tail, "10", "name\" is missing");
    fault("{name: relay, path: /a" + tail, "17", "must not be relay");
    fault("{name: a b, path: /a" + tail, "17", "1 to 64 letters");
    fault("{name: " + std::string(65, 'a') + ", path: /a" + tail, "17", "1 to 64 letters");
    fault("{name: a, path: /a" + tail + ", {name: a, path: /b" + tail, "77", "another route's");
    fault("{name: a, store: up, object: o, authorize: none}", "10", "path\" is missing");
    fault("{name: a, path: a" + tail, "26", "must begin with /");
    fault("{name: a, path: \"/a{x}{y}\"" + tail, "32", "{x} and {y} side by side"); // at the character
    fault("{name: a, path: \"/a{x*}\"" + tail, "29", "not alone");
    fault("{name: a, path: \"/{x}/{x}\"" + tail, "32", "twice");
    fault("{name: a, path: \"\\x2f{x}{y}\"" + tail, "26", "(at its byte 5)"); // written otherwise
    fault("{name: a, path: /a, hosts: []" + tail, "37", "empty list");
    for (const auto* host : {"a b", "\"*.example\"", "\"a:80\"", "http://a", "a/", "\"\"", "a."}) {
        fault("{name: a, path: /a, hosts: [" + std::string(host) + "]" + tail, "38", "must be a list of host names");
    }
    good(some_stores + "routes: [{name: a, path: /a, hosts: [A.example, \"[::1]\"]" + tail + "]");
    fault("{name: a, path: /a, object: o, authorize: none}", "10", "store\" is missing");
    fault("{name: a, path: /a, store: down, object: o, authorize: none}", "37", "does not have");
    fault("{name: a, path: /a, store: up, authorize: none}", "10", "object\" is missing");
    fault("{name: a, path: \"/{x}\", store: up, object: \"{y}\", authorize: none}", "55",
          "{y}, which is not a capture");
    fault("{name: a, path: /a, store: up, object: \"../o\", authorize: none}", "49", "dot segment");
    fault("{name: a, path: /a, store: disk, object: o, authorize: none}", "51", "beneath the prefix");
    fault("{name: a, path: /a, store: disk, object: pub/, authorize: none}", "51", "beneath the prefix");
    fault("{name: a, path: \"/{x}\", store: disk, object: \"pu/{x}\", authorize: none}", "55", "beneath the prefix");
    good(some_stores + "routes: [{name: a, path: \"/{x}\", store: disk, object: \"pub/{x}\", authorize: none}]");
    good(some_stores + "routes: [{name: a, path: \"/{x}\", store: disk, object: \"{x}/a\", authorize: none}]");
    const std::string uri = "{name: a, path: \"/{x}\", object: \"{query.u}\", authorize: ";
    fault(uri + "none}", "42", "a URI of any store");
    fault(uri + "{subrequest: \"/may/{x}\"}}", "42", "{query.u}, of which the app is not told");
    fault(uri + "{subrequest: \"/may?u={query.u[0:2]}\"}}", "42", "of which the app is not told");
    for (const auto* carried : {"{subrequest: \"/may?u={query.u}\"}", "{subrequest: \"/may/{query.u}\"}",
                                "{subrequest: /may, forward_query: [u]}"}) {
        good(some_stores + "routes: [" + uri + carried + "}]");
    }
    fault("{name: a, path: \"/{x}\", object: \"s3://b/{x}\", authorize: none}", "42", "a URI of any store");
    good(some_stores + "routes: [{name: a, path: \"/{x}\", store: up, object: \"s3://b/{x}\", authorize: none}]");
    good(some_stores + "routes: [{name: a, path: \"/{x}\", object: \"{query.u|base64url}\", authorize: {subrequest: "
                       "\"/may?u={query.u|base64url}\"}}]");
    fault("{name: a, path: /a, store: up, object: o}", "10", "says `authorize: none`");
    fault("{name: a, path: /a, store: up, object: o, authorize: }", "52", "says `authorize: none`");
    fault("{name: a, path: /a, store: up, object: o, authorize: all}", "63", "must be none or");
}

BOOST_AUTO_TEST_CASE(authorize) {
    const auto fault = [](const std::string& keys, const std::string& place, std::string_view part) {
        one_fault(some_stores +
                      "strip_request_headers: [X-User]\nroutes:\n- {name: a, path: \"/{x}\", store: up, object: o, "
                      "authorize: {" +
                      keys + "}}",
                  "6:" + place, part);
    };
    fault("ttl: 1s", "60", "subrequest\" is missing");
    fault("subrequest: \"/{y}\"", "76", "{y}, which is not a capture");
    fault("subrequest: api", "73", "must begin with /");
    fault("subrequest: \"//evil/\"", "75", "empty segment");
    fault("subrequest: \"/a?{x}=x\"", "77", "in the name of a parameter");
    fault("subrequest: /a, forward_query: []", "92", "empty list");
    fault("subrequest: /a, forward_query: token", "92", "must be a list");
    fault("subrequest: /a, forward_query: [a%20b]", "93", "without escapes");
    fault("subrequest: \"/a?x={query.t}\", forward_query: [t]", "107", "carry twice");
    fault("subrequest: \"/a?t=1\", forward_query: [t]", "99", "carry twice");
    fault("subrequest: \"/a\\r\\nX: y\"", "73", "control");
    fault("subrequest: /a, ttl: 10", "82", "unit");
    fault("subrequest: /a, ttl: 25h", "82", "must be from 0s to 24h");
    fault("subrequest: /a, timeout: 0s", "86", "must be from 1ms to 5m");
    fault("subrequest: /a, ignore_headers: X-A", "93", "must be a list");
    fault("subrequest: /a, ignore_headers: [a b]", "94", "field name");
    fault("subrequest: /a, ignore_headers: [Cookie]", "93", "tells callers apart");
    fault("subrequest: /a, ignore_headers: [X-USER]", "93", "tells callers apart");
    fault("subrequest: /a, tll: 1s", "77", "unknown key");
}

BOOST_AUTO_TEST_CASE(other_keys_of_routes) {
    const auto fault = [](const std::string& more, int column, std::string_view part) {
        one_fault(route_with(more), "4:" + std::to_string(78 + column), part);
    };
    fault("query: some", 8, "must be one of none, any");
    fault("query: []", 8, "empty list");
    fault("query: [a, a]", 12, "twice");
    fault("query: [\"a=b\"]", 9, "parameter names");
    fault("delivery: fast", 11, "must be one of stream, redirect");
    fault("delivery: [redirect]", 11, "single value");
    fault("headers: [a]", 10, "must be a mapping");
    fault("headers: {\"a b\": c}", 11, "field name");
    fault("headers: {X-A: \"b\\r\\nSet-Cookie: c\"}", 16, "line break");
    fault("headers: {X-A: \"\"}", 16, "empty");
    fault("headers: {X-A: a, x-a: b}", 19, "twice");
    for (const auto* name : {"Content-Length", "Transfer-Encoding", "Connection", "Content-Range", "Keep-Alive",
                             "Upgrade", "ETag", "Accept-Ranges", "Set-Cookie"}) {
        fault(std::string("headers: {") + name + ": a}", 11, "cannot be set by a route");
    }
    fault("max_age: 5", 10, "unit");
    fault("immutable: maybe", 12, "true or false");
    fault("max_age: 1h, immutable: true", 25, "are mutually exclusive");
    fault("stale_while_revalidate: 5", 25, "unit");
    fault("immutable: true, stale_while_revalidate: 1h", 12, "are mutually exclusive");
    good(route_with("max_age: 1h, immutable: false"));
    fault("server_timing: 1", 16, "true or false");
    fault("pathh: /a", 1, "unknown key \"pathh\" in \"routes[0]\"");
}

BOOST_AUTO_TEST_SUITE_END()
