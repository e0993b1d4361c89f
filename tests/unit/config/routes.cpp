#include <sluice/config/json_pointer.hpp>
#include <sluice/config/redact.hpp>

#include <boost/json.hpp>

#include "loading.hpp"

using namespace loading;
using namespace std::chrono_literals;

namespace {

/// A configuration with this one route, in line 4; what is in `keys` begins at column 11.
std::string with_route(const std::string& keys) {
    return some_stores + "routes: [{" + keys + "}]";
}

/// That `keys` have exactly one fault, where `@@` stands in them.
void fault_at(std::string keys, std::string_view part) {
    const auto at = keys.find("@@");
    BOOST_REQUIRE(at != std::string::npos);
    keys.erase(at, 2);
    one_fault(with_route(keys), "4:" + std::to_string(11 + at), part);
}

const std::string asks = "name: a, path: \"/f/{id}\", authorize: {subrequest: \"/f/{id}\"}, ";
const std::string fixed = "name: a, path: /a, store: up, object: o, authorize: none, ";

boost::json::value shown(const sluice::config::config& c) {
    return boost::json::parse(redacted_json(c)).at("routes").as_array()[0];
}

} // namespace

BOOST_AUTO_TEST_SUITE(route_kinds)

BOOST_AUTO_TEST_CASE(json_pointers) {
    using list = std::vector<std::string>;
    BOOST_TEST((parse_json_pointer("/path").value() == list{"path"}));
    BOOST_TEST((parse_json_pointer("/meta/content_type").value() == list{"meta", "content_type"}));
    BOOST_TEST((parse_json_pointer("/").value() == list{""}));
    BOOST_TEST((parse_json_pointer("/a//0/").value() == list{"a", "", "0", ""}));
    BOOST_TEST((parse_json_pointer("/~0~1/~01").value() == list{"~/", "~1"})); // RFC 6901 §4: ~01 is ~1, not /
    for (const std::string text : {"", "path", "$.path", "#/path", "/~", "/~2", "/a~", "/a\n", "/\xff"}) {
        BOOST_TEST(!parse_json_pointer(text).has_value(), text);
    }
    std::string deep;
    for (int i = 0; i < 16; ++i) {
        deep += "/a";
    }
    BOOST_TEST(parse_json_pointer(deep).has_value());
    BOOST_TEST(!parse_json_pointer(deep + "/a").has_value());
    BOOST_TEST(!parse_json_pointer("/" + std::string(1024, 'a')).has_value());
}

BOOST_AUTO_TEST_CASE(resolve) {
    const auto c = good(with_route(asks + "resolve: {object: /path, content_type: /meta/type, filename: /meta/name}"));
    const auto& r = c.routes.at(0);
    BOOST_REQUIRE(r.resolve.has_value());
    BOOST_TEST(r.resolve->object == "/path");
    BOOST_TEST(r.resolve->content_type == "/meta/type");
    BOOST_TEST(r.resolve->filename == "/meta/name");
    BOOST_TEST(r.resolve->filename_fallback == "");
    BOOST_TEST(r.resolve->version == "");
    const auto versioned = good(with_route(asks + "resolve: {object: /path, version: /data/modified_on}"));
    BOOST_TEST(versioned.routes.at(0).resolve->version == "/data/modified_on");
    BOOST_TEST(shown(versioned).at("resolve").at("version").as_string() == "/data/modified_on");
    fault_at(asks + "resolve: {object: /p, version: @@modified_on}", "JSON pointer");
    fault_at(asks + "resolve: {object: /p, version: @@[/a]}", "resolve.version");
    BOOST_TEST(r.store == "");
    BOOST_TEST(r.object == "");
    BOOST_TEST((r.preset == preset::none));
    BOOST_TEST(shown(c).at("resolve").at("object").as_string() == "/path");
    BOOST_TEST(!shown(c).as_object().contains("object"));
    BOOST_TEST(good(with_route(asks + "store: up, resolve: {object: /path}")).routes.at(0).store == "up");
    fault_at(asks + "resolve: @@{content_type: /t}", "resolve.object\" is missing");
    fault_at(asks + "resolve: {object: @@path}", "JSON pointer");
    fault_at(asks + "resolve: {object: @@\"\"}", "JSON pointer");
    fault_at(asks + "resolve: {object: /p, filename: @@\"/~\"}", "neither ~0 nor ~1");
    fault_at(asks + "resolve: {object: /p, @@filename_fallback: /f}", "unknown key");
    fault_at(asks + "resolve: @@[/p]", "must be a mapping");
    fault_at(asks + "store: @@down, resolve: {object: /p}", "does not have");
    fault_at(asks + "resolve: {object: /p}, object: @@o", "are mutually exclusive unless it has {resolved}");
    const auto prefixed = good(with_route(asks + "resolve: {object: /p}, object: \"up/{resolved}\""));
    BOOST_TEST(shown(prefixed).at("object").as_string() == "up/{resolved}");
    fault_at("name: a, path: /a, authorize: @@none, resolve: {object: /p}", "its answer names the object");
    one_fault(with_route("name: a, path: /a, resolve: {object: /p}"), "4:10", "authorize\" is missing: the answer");
}

BOOST_AUTO_TEST_CASE(object_header) {
    const auto c = good(some_stores + "routes: [{name: a, path: \"/d/{r*}\", object_header: X-Accel-Redirect},\n"
                                      "{name: b, path: /b, object_header: x-accel-redirect, store: up},\n"
                                      "{name: c, path: /c, object_header: X-Send}]");
    BOOST_TEST(c.routes.at(0).object_header == "x-accel-redirect");
    BOOST_TEST(c.routes.at(0).store == "");
    BOOST_TEST(c.routes.at(1).store == "up");
    BOOST_TEST((c.object_headers == std::vector<std::string>{"x-accel-redirect", "x-send"}));
    BOOST_TEST(shown(c).at("object_header").as_string() == "x-accel-redirect");
    BOOST_TEST(!shown(c).as_object().contains("authorize"));
    BOOST_TEST(good(an_app).object_headers.empty());
    const auto by_url = good(some_stores + "routes: [{name: a, path: /a, object_header: {name: X-A, url_prefix: "
                                           "\"/d-1/{scheme}/{host}/{rest*}\"}}]");
    BOOST_TEST(by_url.routes.at(0).object_header == "x-a");
    BOOST_TEST(by_url.routes.at(0).object_url_prefix == "/d-1/{scheme}/{host}/{rest*}");
    BOOST_TEST((by_url.object_headers == std::vector<std::string>{"x-a"}));
    BOOST_TEST(shown(by_url).at("object_header").at("url_prefix").as_string() == "/d-1/{scheme}/{host}/{rest*}");
    for (const char* prefix :
         {"", "/", "/d", "/{scheme}/{host}", "/{host}/{rest*}", "/{scheme}/{rest*}", "{scheme}/{host}/{rest*}",
          "/{scheme}/{host}/{rest*}/a", "/{scheme}/{scheme}/{host}/{rest*}", "/{scheme}//{host}/{rest*}",
          "/{scheme}/{host}/{rest*}/{rest*}", "/../{scheme}/{host}/{rest*}", "/a{scheme}/{host}/{rest*}",
          "/a b/{scheme}/{host}/{rest*}", "/{x}/{scheme}/{host}/{rest*}", "/{scheme}{host}/{rest*}"}) {
        fault_at(std::string("name: a, path: /a, object_header: {name: X-A, url_prefix: @@\"") + prefix + "\"}",
                 "{scheme} and {host}");
    }
    fault_at("name: a, path: /a, object_header: @@{url_prefix: \"/{scheme}/{host}/{rest*}\"}", "name\" is missing");
    fault_at("name: a, path: /a, object_header: {name: X-A, @@prefix: a}", "unknown key");
    fault_at("name: a, path: /a, object_header: {name: @@Range}", "need for something else");
    const std::string start = "name: a, path: /a, object_header: X-A, ";
    fault_at(start + "object: @@o", "are mutually exclusive unless it has {resolved}");
    BOOST_TEST(good(with_route(start + "object: \"{resolved}/{query.x}\"")).routes.at(0).query_captures.size() == 1U);
    fault_at(start + "resolve: @@{object: /p}", "are mutually exclusive");
    fault_at(start + "authorize: @@none", "are mutually exclusive");
    fault_at(start + "authorize: @@{subrequest: /a}", "are mutually exclusive");
    fault_at(start + "store: @@down", "does not have");
    fault_at("name: a, path: /a, object_header: @@\"X A\"", "field name");
    fault_at("name: a, path: /a, object_header: @@\"\"", "field name");
    for (const std::string name : {"Connection",
                                   "Transfer-Encoding",
                                   "Upgrade",
                                   "Keep-Alive",
                                   "TE",
                                   "Host",
                                   "Content-Type",
                                   "Content-Location",
                                   "Content_Type",
                                   "Set-Cookie",
                                   "Cookie",
                                   "Location",
                                   "ETag",
                                   "X-Forwarded-For",
                                   "X_Forwarded_For",
                                   "Forwarded",
                                   "X-Real-IP",
                                   "X-Original-URI",
                                   "X-Original-Method",
                                   "Authorization",
                                   "Cache-Status"}) {
        fault_at("name: a, path: /a, object_header: @@" + name, "for something else");
    }
}

BOOST_AUTO_TEST_CASE(content_type) {
    const std::string accel = "name: a, path: /a, object_header: X-A, ";
    const std::string typed = asks + "resolve: {object: /p, content_type: /t}, ";
    const auto from = [](const std::string& keys) { return good(with_route(keys)).routes.at(0).type_from; };
    BOOST_TEST((from(fixed + "immutable: true") == type_from::usual));
    BOOST_TEST((from(fixed + "content_type: store") == type_from::store));
    BOOST_TEST((from(accel + "content_type: app") == type_from::app));
    BOOST_TEST((from(accel + "content_type: store") == type_from::store));
    BOOST_TEST((from(typed + "content_type: app") == type_from::app));
    const auto c = good(with_route(accel + "content_type: Video/MP4, headers: {X-B: c}"));
    BOOST_TEST((c.routes.at(0).type_from == type_from::route));
    BOOST_TEST(shown(c).at("headers").at("Content-Type").as_string() == "video/mp4");
    BOOST_TEST(shown(good(with_route(accel + "content_type: app"))).at("content_type").as_string() == "app");
    for (const std::string text : {"video", "/mp4", "video/", "\"video/mp4; a=b\"", "\"\"", "none", "a/b/c"}) {
        fault_at(accel + "content_type: @@" + text, "must be store, app, or a media type");
    }
    fault_at(accel + "headers: {content-type: a/b}, content_type: @@store", "are mutually exclusive");
    fault_at(typed + "content_type: @@store", "resolve.content_type are mutually exclusive");
    fault_at(typed + "content_type: @@a/b", "resolve.content_type are mutually exclusive");
    fault_at(fixed + "content_type: @@app", "no answer of the app says");
    fault_at(asks + "resolve: {object: /p}, content_type: @@app", "no answer of the app says");
    fault_at("preset: open-webui, store: up, content_type: @@store", "preset are mutually exclusive");
}

BOOST_AUTO_TEST_CASE(allowed_app_headers) {
    const std::string start = "name: a, path: /a, store: up, object: o, authorize: {subrequest: /a}, ";
    const auto c =
        good(with_route(start + "allowed_app_headers: [Content-Security-Policy, X-Tag, Content-Disposition]"));
    BOOST_TEST((c.routes.at(0).allowed_app_headers ==
                std::vector<std::string>{"content-security-policy", "x-tag", "content-disposition"}));
    BOOST_TEST(shown(c).at("allowed_app_headers").as_array().size() == 3U);
    for (const std::string name : {"ETag", "Content-Length", "Set-Cookie", "Connection", "Content-Range"}) {
        fault_at(start + "allowed_app_headers: [@@" + name + "]", "must not hold a field");
    }
    fault_at(start + "allowed_app_headers: [@@Content-Type]", "the app's own answer");
    fault_at(start + "allowed_app_headers: [@@\"X A\"]", "field name");
    fault_at(start + "allowed_app_headers: [X-A, @@x-a]", "twice");
    fault_at(fixed + "allowed_app_headers: @@[X-A]", "the app is not asked");
    fault_at("name: a, path: /a, object_header: X-A, allowed_app_headers: @@[X-B]", "are mutually exclusive");
}

BOOST_AUTO_TEST_CASE(same) {
    const std::string start = "name: a, path: /a, store: up, object: o, ";
    const auto how = [&start](const std::string& keys) {
        return std::get<authorize_subrequest>(good(with_route(start + keys)).routes.at(0).authorize);
    };
    const auto head = how("authorize: {same: head}");
    BOOST_TEST((head.same == same_question::head));
    BOOST_TEST((head.take == std::vector<std::string>{"content-type", "content-disposition"}));
    BOOST_TEST((head.ttl == 10s));
    BOOST_TEST(head.path == "");
    const auto other = how("query: [v], authorize: {same: first_byte, take: [X-A], ttl: 0s, accept: [200, 206]}");
    BOOST_TEST((other.same == same_question::first_byte));
    BOOST_TEST((other.take == std::vector<std::string>{"x-a"}));
    BOOST_TEST(how("authorize: {same: head, take: []}").take.empty());
    const auto c = good(with_route(start + "authorize: {same: first_byte, require: {status: 206}}, content_type: app"));
    const auto text = shown(c).at("authorize").as_object();
    BOOST_TEST(text.at("same").as_string() == "first_byte");
    BOOST_TEST(text.at("take").as_array().size() == 2U);
    BOOST_TEST(!text.contains("subrequest"));
    fault_at(start + "authorize: {same: @@get}", "must be one of head, first_byte");
    fault_at(start + "authorize: {same: head, subrequest: @@/a}", "same are mutually exclusive");
    fault_at(start + "authorize: {subrequest: /a, take: @@[X-A]}", "means nothing without \"same\"");
    fault_at(start + "query: any, authorize: {same: @@head}", "needs `query: none`");
    fault_at("name: a, path: /a, resolve: {object: /p}, authorize: {same: @@head}", "are mutually exclusive");
    fault_at("preset: open-webui, store: up, authorize: {same: @@head}", "preset are mutually exclusive");
    fault_at(start + "authorize: {same: head, take: [@@ETag]}", "must not hold a field");
    fault_at(start + "authorize: {same: head, take: [@@Set-Cookie]}", "must not hold a field");
    fault_at(start + "authorize: {same: head, require: {status: @@206}}", "no status that can allow");
    fault_at(start + "authorize: {same: head, take: [X-A]}, content_type: @@app", "no answer of the app says");
}

BOOST_AUTO_TEST_CASE(accept) {
    const auto accepted = [](const std::string& list) {
        const auto c =
            good(with_route("name: a, path: /a, store: up, object: o, authorize: {subrequest: /a" + list + "}"));
        return std::get<authorize_subrequest>(c.routes.at(0).authorize).accept;
    };
    BOOST_TEST(accepted("").empty());
    BOOST_TEST((accepted(", accept: [200, 204]") == std::vector<unsigned>{200, 204}));
    BOOST_TEST((accepted(", accept: [299]") == std::vector<unsigned>{299}));
    const std::string start = "name: a, path: /a, store: up, object: o, authorize: {subrequest: /a, accept: ";
    for (const std::string list :
         {"[@@199]", "[@@300]", "[200, @@404]", "[@@ok]", "[@@-200]", "[@@[200]]", "[@@200.0]"}) {
        fault_at(start + list + "}", "200 to 299");
    }
    fault_at(start + "[200, @@200]}", "twice");
    fault_at(start + "@@[]}", "empty list");
    fault_at(start + "@@200}", "must be a list");
    fault_at("name: a, path: /a, resolve: {object: /p}, authorize: {subrequest: /a, accept: [200, @@204]}",
             "without a body");
    const auto c =
        good(with_route("name: a, path: /a, store: up, object: o, authorize: {subrequest: /a, accept: [201]}"));
    BOOST_TEST(shown(c).at("authorize").at("accept").as_array().at(0).as_int64() == 201);
}

BOOST_AUTO_TEST_CASE(required_answers) {
    const std::string start = "name: a, path: /a, store: up, object: o, authorize: {subrequest: /a, ";
    const auto required = [&start](const std::string& rest) {
        const auto c = good(with_route(start + rest + "}"));
        return std::get<authorize_subrequest>(c.routes.at(0).authorize).require;
    };
    using statuses = std::vector<unsigned>;
    BOOST_TEST(required("ttl: 1s").status.empty());
    BOOST_TEST((required("require: {status: 200}").status == statuses{200}));
    BOOST_TEST((required("require: {status: [204, 200]}").status == statuses{204, 200}));
    BOOST_TEST((required("accept: [201, 202], require: {status: 202}").status == statuses{202}));
    BOOST_TEST(required("require: {content_type: Application/JSON}").content_type == "application/json");
    BOOST_TEST(required("accept: [200], require: {content_type: text/html}").content_type == "text/html");
    const auto headers = required("require: {header: {X-May-Read: \"yes\", x-b: c d}}").headers;
    BOOST_REQUIRE(headers.size() == 2U);
    BOOST_TEST(headers[0].first == "x-may-read");
    BOOST_TEST(headers[0].second == "yes");
    BOOST_TEST(headers[1].second == "c d");
    fault_at(start + "require: {status: @@199}}", "200 to 299");
    fault_at(start + "require: {status: [200, @@404]}}", "200 to 299");
    fault_at(start + "require: {status: @@[]}}", "empty list");
    fault_at(start + "require: {status: @@201}}", "no status that can allow");
    fault_at(start + "accept: [201], require: {status: @@[200, 202]}}", "no status that can allow");
    fault_at(start + "require: {content_type: @@json}}", "media type");
    fault_at(start + "require: {content_type: @@\"application/json; x=y\"}}", "media type");
    fault_at(start + "require: {content_type: @@text/html}}", "never allows");
    fault_at(start + "require: {header: {@@\"a b\": c}}}", "field name");
    fault_at(start + "require: {header: {a: @@\"\"}}}", "must not be empty");
    fault_at(start + "require: {header: {a: b, @@A: c}}}", "twice");
    fault_at(start + "require: {header: @@{}}}", "is empty");
    fault_at(start + "require: {header: @@x}}", "must be a mapping");
    fault_at(start + "require: @@{}}", "is empty");
    fault_at(start + "require: @@200}", "must be a mapping");
    fault_at(start + "require: {@@body: x}}", "unknown key");
    const std::string resolving = "name: a, path: /a, resolve: {object: /p}, authorize: {subrequest: /a, require: ";
    BOOST_TEST(good(with_route(resolving + "{content_type: application/hal+json}}")).routes.size() == 1U);
    fault_at(resolving + "{content_type: @@text/plain}}", "must be JSON");
    fault_at(resolving + "{status: @@204}}", "without a body");
    const auto c = good(with_route(start + "require: {status: 200, content_type: a/b, header: {X-A: a-value}}}"));
    const auto shown_one = shown(c).at("authorize").at("require");
    BOOST_TEST(shown_one.at("status").as_array().at(0).as_int64() == 200);
    BOOST_TEST(shown_one.at("content_type").as_string() == "a/b");
    BOOST_TEST(shown_one.at("header").at("x-a").as_string() == "***"); // it may be what only the two know
}

BOOST_AUTO_TEST_CASE(cross_origin) {
    const auto c = good(with_route(fixed + "cors: {origins: [\"https://app.example\", \"http://[::1]:8080\"], "
                                           "credentials: true, expose_headers: [X-A], max_age: 10m}"));
    const auto& k = c.routes.at(0).cors;
    BOOST_REQUIRE(k.has_value());
    BOOST_TEST(!k->any_origin);
    BOOST_TEST((k->origins == std::vector<std::string>{"https://app.example", "http://[::1]:8080"}));
    BOOST_TEST(k->credentials);
    BOOST_TEST((k->expose_headers == std::vector<std::string>{"x-a"}));
    BOOST_TEST((k->max_age == 10min));
    BOOST_TEST(shown(c).at("cors").at("origins").as_array().size() == 2U);
    const auto any = good(with_route(fixed + "cors: {origins: [\"*\"]}"));
    BOOST_TEST(any.routes.at(0).cors->any_origin);
    BOOST_TEST(any.routes.at(0).cors->origins.empty());
    BOOST_TEST(!any.routes.at(0).cors->credentials);
    BOOST_TEST((any.routes.at(0).cors->max_age == 1h));
    BOOST_TEST(shown(any).at("cors").at("origins").as_array().at(0).as_string() == "*");
    BOOST_TEST(!good(with_route(fixed + "immutable: true")).routes.at(0).cors.has_value());
    good(with_route("name: a, path: /a, object_header: X-A, cors: {origins: [\"*\"]}"));
    for (const std::string origin :
         {"https://app.example/", "https://App.example", "HTTPS://app.example", "https://app.example:443",
          "http://app.example:80", "https://app.example/x", "https://u@app.example", "https://*.example", "null",
          "app.example", "", "ftp://app.example", "https://app.example?q", "https://app.example\\r\\nX: y"}) {
        fault_at(fixed + "cors: {origins: [@@\"" + origin + "\"]}", "origins");
    }
    fault_at(fixed + "cors: @@{credentials: true}", "origins\" is missing");
    fault_at(fixed + "cors: {origins: @@[]}", "at least one");
    fault_at(fixed + "cors: {origins: @@\"*\"}", "must be a list");
    fault_at(fixed + "cors: {origins: @@[\"*\", \"https://a\"]}", "beside other origins");
    fault_at(fixed + "cors: {origins: [\"*\"], credentials: @@true}", "must not be true");
    good(with_route(fixed + "cors: {origins: [\"*\"], credentials: false}"));
    fault_at(fixed + "cors: {origins: [\"https://a\", @@\"https://a\"]}", "twice");
    fault_at(fixed + "cors: {origins: [\"*\"], expose_headers: [@@\"a b\"]}", "field name");
    fault_at(fixed + "cors: {origins: [\"*\"], expose_headers: [@@\"*\"]}", "not *");
    fault_at(fixed + "cors: {origins: [\"*\"], max_age: @@25h}", "must be from 0s to 24h");
    fault_at(fixed + "cors: {origins: [\"*\"], @@methods: [GET]}", "unknown key");
    fault_at(fixed + "cors: @@[]", "must be a mapping");
    fault_at(fixed + "headers: {Access-Control-Allow-Origin: \"*\"}, cors: @@{origins: [\"*\"]}",
             "are mutually exclusive");
}

BOOST_AUTO_TEST_SUITE_END()
