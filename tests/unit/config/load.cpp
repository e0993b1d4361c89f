#include <sluice/config/redact.hpp>

#include <boost/json.hpp>

#include "loading.hpp"
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace loading;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(load)

BOOST_AUTO_TEST_CASE(every_default) {
    const auto c = good(an_app);
    BOOST_TEST(c.workers == 3U);
    BOOST_TEST(!c.core_dumps);
    BOOST_REQUIRE(c.listeners.size() == 1U);
    BOOST_TEST(c.listeners[0].address.host == "0.0.0.0");
    BOOST_TEST(c.listeners[0].address.port == 8080);
    BOOST_TEST(c.admin.address.host == "0.0.0.0");
    BOOST_TEST(c.admin.address.port == 9180);
    BOOST_TEST(c.admin.token.empty());
    BOOST_TEST(c.app.address.authority() == "127.0.0.1:3000");
    BOOST_TEST((c.app.connect_timeout == 2s));
    BOOST_TEST((c.app.response_timeout == 0s));
    BOOST_TEST(c.app.keepalive == 64U);
    BOOST_TEST(!c.app.half_close);
    BOOST_TEST(c.trusted_proxies.empty());
    BOOST_TEST(c.strip_request_headers.empty());
    BOOST_TEST(c.limits.connections == 10000U);
    BOOST_TEST(c.limits.connections_per_client == 0U);
    BOOST_TEST(c.limits.body_min_rate == 0U);
    BOOST_TEST(c.limits.send_min_rate == 0U);
    BOOST_TEST(c.app.via);
    BOOST_TEST(c.app.waiting_page);
    BOOST_TEST(c.limits.header_size == 65536U);
    BOOST_TEST((c.limits.header_timeout == 10s));
    BOOST_TEST((c.limits.idle_timeout == 75s));
    BOOST_TEST((c.limits.send_timeout == 60s));
    BOOST_TEST((c.limits.tunnel_timeout == 1h));
    BOOST_TEST(c.limits.fills == 256U);
    BOOST_TEST((c.limits.shutdown_delay == 5s));
    BOOST_TEST((c.limits.drain_timeout == 30s));
    BOOST_TEST(c.limits.decision_bytes == 64ULL << 20U);
    BOOST_TEST(c.fallback.concurrency == 16U);
    BOOST_TEST((c.fallback.after == 5s));
    BOOST_TEST(c.fallback.breaker_failures == 5U);
    BOOST_TEST((c.fallback.breaker_open == 10s));
    BOOST_TEST((c.log.level == log_level::info));
    BOOST_TEST((c.log.format == log_format::json));
    BOOST_TEST(c.log.access);
    BOOST_TEST(c.stores.empty());
    BOOST_TEST(c.routes.empty());
    BOOST_TEST(c.invalidate.empty());
    BOOST_TEST(c.cache.directory == "");
    BOOST_TEST(c.cache.max_size == 20ULL << 30U);
    BOOST_TEST(c.cache.min_free == 1ULL << 30U);
    BOOST_TEST(c.cache.max_objects == 1000000U);
    BOOST_TEST(c.cache.block_size == 1U << 20U);
    BOOST_TEST((c.cache.max_age == 24h));
    BOOST_TEST((c.cache.stale_if_error == 1h));
    BOOST_TEST(!c.cache.stale_while_revalidate.has_value());
    BOOST_TEST(c.cache.read_ahead == 16U << 20U);
    BOOST_TEST(c.cache.memory == 64U << 20U);
    BOOST_TEST(c.cache.max_share == 100U);
}

BOOST_AUTO_TEST_CASE(defaults_of_stores_and_routes) {
    const auto c =
        good(some_stores + "routes: [{name: a, path: \"/a/{x}\", store: up, object: \"{x}\", authorize: none},\n"
                           "  {name: b, path: \"/b/{x}\", store: up, object: \"{x}\", authorize: {subrequest: /b}}]");
    const auto& up = c.stores.at("up");
    BOOST_TEST(up.name == "up");
    BOOST_TEST(type_of(up) == "s3");
    BOOST_TEST(up.prefix == "");
    BOOST_TEST(!up.endpoint.has_value());
    BOOST_TEST((up.addressing == addressing_style::automatic));
    BOOST_TEST((up.url_expiry == 1h));
    BOOST_TEST((up.connect_timeout == 2s));
    BOOST_TEST((up.response_timeout == 10s));
    BOOST_TEST((up.hedge_after == 0s));
    BOOST_TEST(up.ca_file == "");
    BOOST_TEST(keys_of(up).session_token.empty());
    BOOST_TEST(type_of(c.stores.at("disk")) == "local");
    BOOST_TEST(!c.stores.at("disk").copy);
    BOOST_TEST(c.stores.at("disk").root == "/srv");
    BOOST_REQUIRE(c.routes.size() == 2U);
    BOOST_TEST((c.routes[0].query == query_policy::none));
    BOOST_TEST(std::holds_alternative<authorize_none>(c.routes[0].authorize));
    BOOST_TEST(c.routes[0].headers.empty());
    BOOST_TEST(!c.routes[0].max_age.has_value());
    BOOST_TEST(!c.routes[0].stale_while_revalidate.has_value());
    BOOST_TEST(!c.routes[0].immutable);
    BOOST_TEST(!c.routes[0].server_timing);
    const auto& s = std::get<authorize_subrequest>(c.routes[1].authorize);
    BOOST_TEST((s.ttl == 10s));
    BOOST_TEST((s.timeout == 5s));
    BOOST_TEST(s.ignore_headers.empty());
}

BOOST_AUTO_TEST_CASE(every_key) {
    const auto c = good(R"(workers: 010
listeners: [{address: "127.0.0.1:0"}, {address: "[::1]:81"}]
admin: {address: 127.0.0.1:9, token: {file: secret}}
app: {url: https://app.example, connect_timeout: 250ms, response_timeout: 1m, keepalive: 0, half_close: true, waiting_page: false}
trusted_proxies: [10.0.0.0/8, "fd00::/8", 127.0.0.1]
strip_request_headers: [X-User, X-Email]
limits: {connections: 1, connections_per_client: 7, body_min_rate: 1KiB, send_min_rate: 2KiB, header_size: 8Ki, header_timeout: 1s, idle_timeout: 2s, send_timeout: 3s, tunnel_timeout: 4s, fills: 5, shutdown_delay: 0, drain_timeout: 6s, decision_bytes: 1MiB}
fallback: {concurrency: 7, after: 8s, breaker: {failures: 9, open: 10s}}
log: {level: debug, format: text, access: false}
stores:
  up: {type: s3, bucket: my.bucket, prefix: a/b/, endpoint: "http://127.0.0.1:9000/", addressing: path, url_expiry: 7d,
       connect_timeout: 1s, response_timeout: 2s, parallel: 16, hedge_after: 150ms, anonymous: false, fips: false,
       dual_stack: false, accelerate: false, ca_file: "",
       credentials: {access_key_id: {file: /run/secret}, secret_access_key: {file: /run/secret}, session_token: t}}
  v: {type: s3, bucket: media, region: eu-central-1, addressing: virtual, credentials: {access_key_id: k, secret_access_key: s}}
cache: {directory: blocks, max_size: 1MiB, min_free: 0, max_objects: 11, block_size: 64KiB, max_age: 1d, stale_if_error: 0s, stale_while_revalidate: 2m, read_ahead: 64KiB, memory: 1MiB, max_share: 50%}
routes:
  - name: a.b-c_D
    path: "/m/{x}/{y*}"
    query: [v, w]
    store: up
    object: "a/b/{x}/{y}"
    authorize: {subrequest: "/ok/{x}?a=b", ttl: 0, timeout: 1s, ignore_headers: [X-Trace]}
    delivery: stream
    headers: {Cache-Control: "private, max-age=60", X-A: b}
    max_age: 1h
    stale_while_revalidate: 0s
    server_timing: true
  - {name: i, path: /i, query: any, store: v, object: i, authorize: none, immutable: true,
     compress: {max_size: 1MiB}}
)",
                        [] {
                            auto o = options();
                            o.read_file = [](const std::filesystem::path& path) -> result<std::string> {
                                return path.filename().string() + "-text\r\n";
                            };
                            return o;
                        }());
    BOOST_TEST(c.workers == 10U);
    BOOST_TEST(c.listeners.size() == 2U);
    BOOST_TEST(c.listeners[1].address.host == "::1");
    BOOST_TEST(c.admin.token.reveal() == "secret-text");
    BOOST_TEST(c.app.address.tls);
    BOOST_TEST((c.app.connect_timeout == 250ms));
    BOOST_TEST((c.app.response_timeout == 1min));
    BOOST_TEST(c.app.keepalive == 0U);
    BOOST_TEST(!c.app.waiting_page);
    BOOST_TEST(c.app.half_close);
    BOOST_TEST(c.trusted_proxies.size() == 3U);
    BOOST_TEST(c.strip_request_headers[1] == "x-email");
    BOOST_TEST(c.limits.header_size == 8192U);
    BOOST_TEST(c.limits.connections_per_client == 7U);
    BOOST_TEST(c.limits.body_min_rate == 1024U);
    BOOST_TEST(c.limits.send_min_rate == 2048U);
    BOOST_TEST(c.limits.fills == 5U);
    BOOST_TEST((c.limits.shutdown_delay == 0s));
    BOOST_TEST((c.limits.drain_timeout == 6s));
    BOOST_TEST(c.limits.decision_bytes == 1ULL << 20U);
    BOOST_TEST(c.fallback.breaker_failures == 9U);
    BOOST_TEST((c.log.level == log_level::debug));
    BOOST_TEST((c.log.format == log_format::text));
    BOOST_TEST(!c.log.access);
    const auto& up = c.stores.at("up");
    BOOST_TEST(up.region == "us-east-1");
    BOOST_TEST(up.endpoint->authority() == "127.0.0.1:9000");
    BOOST_TEST((up.url_expiry == 168h));
    BOOST_TEST((up.hedge_after == 150ms));
    BOOST_TEST(up.parallel == 16U);
    BOOST_TEST(c.stores.at("v").parallel == 1U);
    BOOST_TEST(keys_of(up).access_key_id == "secret-text");
    BOOST_TEST(keys_of(up).session_token.reveal() == "t");
    BOOST_TEST((c.stores.at("v").addressing == addressing_style::virtual_hosted));
    BOOST_TEST(c.cache.directory == "/conf/blocks");
    BOOST_TEST(c.cache.max_share == 50U);
    BOOST_TEST(c.cache.min_free == 0U);
    const auto& r = c.routes[0];
    BOOST_TEST((r.query == query_policy::named));
    BOOST_TEST(r.query_names.size() == 2U);
    BOOST_TEST(r.headers[0].first == "Cache-Control");
    BOOST_TEST((r.max_age == 1h));
    BOOST_TEST((r.stale_while_revalidate == 0s));
    BOOST_TEST((c.cache.stale_while_revalidate == 2min));
    BOOST_TEST(r.server_timing);
    BOOST_TEST(std::get<authorize_subrequest>(r.authorize).ignore_headers[0] == "x-trace");
    BOOST_TEST(c.routes[1].immutable);
    BOOST_TEST(!r.compress.has_value());
    BOOST_REQUIRE(c.routes[1].compress.has_value());
    BOOST_TEST(c.routes[1].compress->max_size == 1U << 20U);
}

BOOST_AUTO_TEST_CASE(empty_sections_are_their_defaults) {
    const auto c = good(an_app + "admin:\nlimits:\nlog:\nstores:\ncache:\nroutes:\ntrusted_proxies:\n");
    BOOST_TEST(c.admin.address.port == 9180);
    BOOST_TEST(c.routes.empty());
}

BOOST_AUTO_TEST_CASE(overrides_stand_over_the_file) {
    const auto text = std::string("workers: 2\nlog: {level: warn}\nlisteners: [{address: 127.0.0.1:1}, {address: "
                                  "127.0.0.1:2}]\napp: {url: \"${UNSET}\", keepalive: 5}\n");
    auto o = options({{"SLUICE_CFG_LOG_LEVEL", "error"},
                      {"SLUICE_CFG_LOG_FORMAT", "text"},
                      {"SLUICE_CFG_WORKERS", "auto"},
                      {"SLUICE_CFG_ADMIN_ADDRESS", "127.0.0.1:0"},
                      {"SLUICE_CFG_CACHE_DIRECTORY", "relative"},
                      {"SLUICE_CFG_CACHE_MAX_SIZE", "1GiB"},
                      {"SLUICE_CFG_APP_URL", "http://$app"},
                      {"SLUICE_CFG_LISTEN", "127.0.0.1:0"},
                      {"SLUICE_OTHER", "x"}});
    o.flags = {{"app.url", "http://flag"}};
    const auto c = good(text, o);
    BOOST_TEST((c.log.level == log_level::error));
    BOOST_TEST((c.log.format == log_format::text));
    BOOST_TEST(c.workers == 3U);
    BOOST_TEST(c.admin.address.port == 0);
    BOOST_TEST(c.cache.directory == "relative");
    BOOST_TEST(c.cache.max_size == 1ULL << 30U);
    BOOST_TEST(c.app.address.host == "flag");
    BOOST_TEST(c.app.keepalive == 5U);
    BOOST_TEST(c.listeners[0].address.port == 0);
    BOOST_TEST(c.listeners[1].address.port == 2);
    BOOST_TEST(good("log: {}", options({{"SLUICE_CFG_APP_URL", "http://a"}})).app.address.host == "a");
    BOOST_TEST(overrides().size() == 8U);
    for (const auto& setting : overrides()) {
        BOOST_TEST(!setting.help.empty());
    }
}

BOOST_AUTO_TEST_CASE(faults_of_overrides_name_them) {
    BOOST_TEST(bad(an_app, options({{"SLUICE_CFG_LOG_LEVEL", "loud"}})) ==
               "SLUICE_CFG_LOG_LEVEL: error: \"log.level\" must be one of debug, info, warn, error\n");
    BOOST_TEST(bad(an_app, options({{"SLUICE_CFG_LOGLEVEL", "info"}})) ==
               "SLUICE_CFG_LOGLEVEL: error: there is no such variable: see --help for those that there are\n");
    // Every listed variable is read: nonsense in it is a fault of its own.
    for (const auto& setting : overrides()) {
        const auto all = bad(an_app, options({{std::string(setting.variable), "\n"}}));
        BOOST_TEST(all.starts_with(std::string(setting.variable) + ": error: "), setting.variable);
    }
}

BOOST_AUTO_TEST_CASE(expansion) {
    const variables env{{"A", "1"}, {"EMPTY", ""}, {"YAML", "{token: x}"}, {"URL", "http://h"}, {"BAD", "\xff"}};
    const auto token = [&](const std::string& written) {
        return std::string(good(an_app + "admin: {token: \"" + written + "\"}", options(env)).admin.token.reveal());
    };
    BOOST_TEST(token("x${A}y${A}") == "x1y1");
    BOOST_TEST(token("${EMPTY}") == "");
    BOOST_TEST(token("${EMPTY:-d}") == "d");
    BOOST_TEST(token("${NONE:-}") == "");
    BOOST_TEST(token("${NONE:-a:-b}") == "a:-b");
    BOOST_TEST(token("${A:-d}") == "1");
    BOOST_TEST(token("$$") == "$");
    BOOST_TEST(token("$${A}") == "${A}");
    BOOST_TEST(token("a$$b$$$$") == "a$b$$");
    BOOST_TEST(token("${YAML}") == "{token: x}"); // never read as YAML
    BOOST_TEST(good("app: {url: \"${URL}\"}\nworkers: ${A}", options(env)).workers == 1U);
    const auto fault = [&](const std::string& written, std::string_view part) {
        one_fault(an_app + "admin: {token: \"" + written + "\"}", "2:16", part, options(env));
    };
    fault("${NONE}", "NONE is not set");
    fault("${A", "not closed");
    fault("${}", "name of a variable");
    fault("${A-B}", "name of a variable");
    fault("${1}", "name of a variable");
    fault("$A", "$$");
    fault("a$", "$$");
    fault("${BAD}", "UTF-8");
    // Keys are not expanded, and one fault is not followed by another about the same value.
    one_fault(an_app + "\"${A}\": 1", "2:1", "unknown key", options(env));
    one_fault("app: {url: \"${NONE}\"}", "1:12", "not set", options(env));
    const variables big{{"BIG", std::string(40000, 'x')}};
    one_fault(an_app + "admin: {token: \"${BIG}${BIG}\"}", "2:16", "64 KiB", options(big));
}

BOOST_AUTO_TEST_CASE(secrets_by_file) {
    BOOST_TEST(good(an_app + "admin: {token: {file: secret}}").admin.token.reveal() == "from a file");
    BOOST_TEST(
        good(an_app + "admin: {token: {file: \"${D}/secret\"}}", options({{"D", "/run"}})).admin.token.reveal() ==
        "from a file");
    one_fault(an_app + "admin: {token: {file: gone}}", "2:23", "cannot be read from gone: No such file");
    one_fault(an_app + "admin: {token: {file: \"a\\x01\"}}", "2:23", "cannot be read from its file: No such file");
    one_fault(an_app + "admin: {token: {file: /run/empty}}", "2:23", "empty file");
    one_fault(an_app + "admin: {token: {file: /run/binary}}", "2:16", "control characters");
    one_fault(an_app + "admin: {token: {path: secret}}", "2:16", "{file: PATH}");
    one_fault(an_app + "admin: {token: {file: a, b: c}}", "2:16", "{file: PATH}");
    one_fault(an_app + "admin: {token: {file: [a]}}", "2:16", "{file: PATH}");
    one_fault(an_app + "admin: {token: }", "2:9", "{file: PATH}");
    one_fault(an_app + "admin: {token: [a]}", "2:16", "{file: PATH}");
}

BOOST_AUTO_TEST_CASE(secrets_stay_out_of_faults) {
    // A secret in each place where it may slip to.
    for (const auto* text :
         {"admin: {token: {hunter2: x}}", "admin: {token: {hunter2}}", "admin: {token: [hunter2]}",
          "admin: {token: \"hunter2\\n\"}", "admin: hunter2", "workers: hunter2",
          "stores: {u: {type: s3, bucket: b, region: r, credentials: hunter2}}",
          "stores: {u: {type: s3, bucket: b, region: r, credentials: {access_key_id: 'hunter2 /'}}}",
          "stores: {u: {type: s3, bucket: b, endpoint: 'http://u:hunter2@h'}}",
          "log: {level: \"${SECRET}\", access: \"${SECRET}\"}", "cache: {max_size: \"${SECRET}\"}"}) {
        const auto all = bad(an_app + text, options({{"SECRET", "hunter2"}}));
        BOOST_TEST(!all.empty(), text);
        BOOST_TEST(all.find("hunter2") == std::string::npos, all);
    }
}

BOOST_AUTO_TEST_CASE(how_long_stale_objects_are_served_while_they_are_revalidated) {
    using limit = std::optional<duration>;
    const limit unset;
    const auto of_cache = [](duration max_age, duration on_error, limit own) {
        cache c;
        c.max_age = max_age;
        c.stale_if_error = on_error;
        c.stale_while_revalidate = own;
        return c;
    };
    const auto of = [](const cache& c, limit max_age, limit own) {
        route r;
        r.max_age = max_age;
        r.stale_while_revalidate = own;
        return stale_while_revalidate_of(r, c);
    };
    BOOST_TEST((stale_while_revalidate_of(of_cache(24h, 1h, unset)) == 1h));
    BOOST_TEST((stale_while_revalidate_of(of_cache(2s, 1h, unset)) == 2s));
    BOOST_TEST((stale_while_revalidate_of(of_cache(0s, 1h, unset)) == 0s));
    BOOST_TEST((stale_while_revalidate_of(of_cache(1h, 0s, unset)) == 0s));
    BOOST_TEST((stale_while_revalidate_of(of_cache(0s, 0s, 5s)) == 5s));
    const auto short_lived = of_cache(2s, 1h, unset);
    BOOST_TEST((of(short_lived, unset, unset) == 2s));
    BOOST_TEST((of(short_lived, 10s, unset) == 10s)); // of the route's max_age
    BOOST_TEST((of(short_lived, 24h, unset) == 1h));
    BOOST_TEST((of(short_lived, 0s, unset) == 0s));
    BOOST_TEST((of(short_lived, 0s, 3s) == 3s));
    const auto given = of_cache(10s, 1h, 1min);
    BOOST_TEST((of(given, unset, unset) == 1min));
    BOOST_TEST((of(given, 24h, unset) == 1min));
    BOOST_TEST((of(given, 0s, unset) == 0s)); // which has every request revalidate
    BOOST_TEST((of(given, unset, 0s) == 0s));
}

BOOST_AUTO_TEST_CASE(redaction) {
    const auto c = good(some_stores + "admin: {token: hunter2}\ncache: {max_share: 5%}\ntrusted_proxies: [10.0.0.0/8]\n"
                                      "routes: [{name: a, path: \"/a/{x}\", store: up, object: \"{x}\", max_age: 90s, "
                                      "stale_while_revalidate: 5s, authorize: {subrequest: /ok}}]");
    const auto text = redacted_json(c);
    BOOST_TEST(text.find("hunter2") == std::string::npos);
    const auto json = boost::json::parse(text);
    BOOST_TEST(json.at("admin").at("token").as_string() == "***");
    const auto& keys = json.at("stores").at("up").at("credentials");
    BOOST_TEST(keys.at("access_key_id").as_string() == "***");
    BOOST_TEST(keys.at("secret_access_key").as_string() == "***");
    BOOST_TEST(keys.at("session_token").as_string() == "");
    BOOST_TEST(json.at("cache").at("max_size").as_string() == "20GiB");
    BOOST_TEST(json.at("limits").at("idle_timeout").as_string() == "75s");
    BOOST_TEST(json.at("app").at("url").as_string() == "http://127.0.0.1:3000");
    BOOST_TEST(json.at("trusted_proxies").as_array()[0].as_string() == "10.0.0.0/8");
    BOOST_TEST(json.at("cache").at("stale_while_revalidate").as_string() == "1h");
    BOOST_TEST(json.at("routes").as_array()[0].at("max_age").as_string() == "90s");
    BOOST_TEST(json.at("routes").as_array()[0].at("stale_while_revalidate").as_string() == "5s");
    BOOST_TEST(json.at("routes").as_array()[0].at("authorize").at("subrequest").as_string() == "/ok");
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

struct directory {
    std::filesystem::path path;

    directory() {
        std::string name = (std::filesystem::temp_directory_path() / "sluice-load-XXXXXX").string();
        BOOST_REQUIRE(mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    void put(const std::string& file, const std::string& text) const { std::ofstream(path / file) << text; }
};

std::string faults_of(const std::filesystem::path& path) {
    const auto got = load_file(path, origin::store_kinds(), load_options{});
    const auto* faults = std::get_if<std::vector<diagnostic>>(&got);
    return faults == nullptr ? "" : to_string(faults->front());
}

} // namespace

BOOST_AUTO_TEST_SUITE(files)

BOOST_AUTO_TEST_CASE(paths_start_from_the_file) {
    const directory d;
    d.put("token", "word\n\n");
    d.put("ca.pem", "a comment\n-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
    d.put("c.yaml", an_app + "admin: {token: {file: token}}\nstores: {u: {type: s3, bucket: b, endpoint: 'https://h', "
                             "ca_file: ca.pem, credentials: {access_key_id: a, secret_access_key: {file: token}}}}\n");
    const auto got = load_file(d.path / "c.yaml", origin::store_kinds(), load_options{});
    BOOST_REQUIRE(std::holds_alternative<sluice::config::config>(got));
    const auto& c = std::get<sluice::config::config>(got);
    BOOST_TEST(c.admin.token.reveal() == "word");
    BOOST_TEST(c.stores.at("u").ca_file == (d.path / "ca.pem").string());
    BOOST_TEST(c.workers >= 1U);
    d.put("bad.yaml", an_app + "stores: {u: {type: s3, bucket: b, endpoint: 'https://h', ca_file: gone.pem, "
                               "credentials: {access_key_id: a, secret_access_key: b}}}\n");
    BOOST_TEST(faults_of(d.path / "bad.yaml").find("bad.yaml:2:67: error: \"stores.u.ca_file\" cannot be read") !=
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read) {
    const directory d;
    BOOST_TEST(faults_of(d.path / "gone.yaml") ==
               (d.path / "gone.yaml").string() + ": error: cannot be read: No such file or directory");
    BOOST_TEST(faults_of(d.path).find("not a regular file") != std::string::npos);
    BOOST_REQUIRE(mkfifo((d.path / "fifo").c_str(), 0600) == 0);
    BOOST_TEST(faults_of(d.path / "fifo").find("not a regular file") != std::string::npos); // and does not hang
    d.put("big.yaml", std::string(2U << 20U, '#'));
    BOOST_TEST(faults_of(d.path / "big.yaml").find("larger than") != std::string::npos);
    BOOST_TEST(!read_small_file(d.path / "big.yaml").has_value());
    BOOST_TEST(!read_small_file("/dev/zero").has_value());
    d.put("token", std::string(100, 'x'));
    BOOST_TEST(read_small_file(d.path / "token", 100).value().size() == 100U);
    BOOST_TEST(!read_small_file(d.path / "token", 99).has_value());
}

BOOST_AUTO_TEST_CASE(the_reference_loads) {
    load_options o;
    o.environment = {{"S3_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"}, {"S3_SECRET_ACCESS_KEY", "secret"}};
    const auto path = std::filesystem::path(SLUICE_TEST_VECTORS).parent_path().parent_path() / "conf/sluice.yaml";
    const auto got = load_file(path, origin::store_kinds(), o);
    if (const auto* faults = std::get_if<std::vector<diagnostic>>(&got)) {
        BOOST_FAIL(to_string(faults->front()));
    }
    // What it writes out as a default is the default.
    const auto& c = std::get<sluice::config::config>(got);
    const auto reference = boost::json::parse(redacted_json(c)).as_object();
    const auto defaults = boost::json::parse(redacted_json(good(an_app, o))).as_object();
    for (const auto* key : {"listeners", "admin", "app", "limits", "fallback", "log", "trusted_proxies"}) {
        BOOST_TEST(reference.at(key) == defaults.at(key), key);
    }
    auto with_directory = defaults.at("cache").as_object();
    with_directory["directory"] = "/var/cache/sluice";
    BOOST_TEST((reference.at("cache") == with_directory));
    BOOST_TEST(c.routes.size() == 2U);
    // Without its variables it does not, and says which.
    BOOST_TEST(faults_of(path).find("S3_ACCESS_KEY_ID is not set") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
