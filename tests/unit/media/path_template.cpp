#include <sluice/http/target.hpp>
#include <sluice/media/path_template.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

using namespace sluice;
using namespace sluice::media;
using sluice::authorize::key_form;

/// The captures as `name=raw name=raw`, or "none".
std::string matched(std::string_view path_text, std::string_view raw_path) {
    const path_template t(path_text);
    const auto captures = t.match(raw_path);
    if (!captures) {
        return "none";
    }
    std::string all;
    for (const auto& c : *captures) {
        all += (all.empty() ? "" : " ") + std::string(c.name) + "=" + std::string(c.raw);
    }
    return all;
}

/// The same, as a session asks: a path that is not the same to every reader matches nothing.
std::string routed(std::string_view path_text, std::string_view raw_path) {
    return http::is_media_safe_path(raw_path) ? matched(path_text, raw_path) : "none";
}

const std::string files = "/api/v1/files/{id}/content";
const std::string media_path = "/media/{course}/{file*}";

config::route with_query(config::query_policy policy, std::vector<std::string> names = {}) {
    config::route r;
    r.query = policy;
    r.query_names = std::move(names);
    return r;
}

std::string key(std::string_view text, const std::vector<capture>& captures, key_form form = key_form::tree) {
    const auto got = expand_key(text, captures, form);
    if (!got) {
        BOOST_TEST((got.error().code == errc::bad_request));
        BOOST_TEST((got.error().source == error_source::client));
        return "error";
    }
    return got.value();
}

} // namespace

BOOST_AUTO_TEST_SUITE(router)

BOOST_AUTO_TEST_CASE(literals) {
    BOOST_TEST(matched("/a", "/a") == "");
    BOOST_TEST(matched("/a/b", "/a/b") == "");
    BOOST_TEST(matched("/", "/") == "");
    BOOST_TEST(matched("/a/", "/a/") == "");
    for (const auto* path : {"", "a", "/", "/a/", "/A", "/ab", "/a/b", "/%61", "//a", "/a?", "*"}) {
        BOOST_TEST(matched("/a", path) == "none", path);
    }
    BOOST_TEST(matched("/a/", "/a") == "none");
    BOOST_TEST(matched("/a%20b", "/a%20b") == "");
    BOOST_TEST(matched("/a%20b", "/a b") == "none");
}

BOOST_AUTO_TEST_CASE(one_segment) {
    BOOST_TEST(matched(files, "/api/v1/files/x/content") == "id=x");
    BOOST_TEST(matched(files, "/api/v1/files/a%20b/content") == "id=a%20b"); // raw
    for (const auto* path :
         {"/api/v1/files//content", "/api/v1/files/x/content/", "/api/v1/files/x/content/html", "/api/v1/files/x",
          "/api/v1/files/x/y/content", "/api/v1/files/x/Content", "/api/v1/files/content", "/x/api/v1/files/x/content",
          "api/v1/files/x/content", "/api/v1/files/x/content%2Fhtml"}) {
        BOOST_TEST(matched(files, path) == "none", path);
    }
    BOOST_TEST(matched("/{x}", "/") == "none");
    BOOST_TEST(matched("/{x}", "/a") == "x=a");
    BOOST_TEST(matched("/{x}/{y}", "/a/b") == "x=a y=b");
    BOOST_TEST(matched("/{x}/{y}", "/a/") == "none");
}

BOOST_AUTO_TEST_CASE(the_rest) {
    BOOST_TEST(matched(media_path, "/media/c/f") == "course=c file=f");
    BOOST_TEST(matched(media_path, "/media/c/f/g/h.mp4") == "course=c file=f/g/h.mp4");
    BOOST_TEST(matched(media_path, "/media/c/f/") == "course=c file=f/");
    for (const auto* path : {"/media/c", "/media/c/", "/media//f", "/media/", "/media"}) {
        BOOST_TEST(matched(media_path, path) == "none", path);
    }
    BOOST_TEST(matched("/{all*}", "/a/b") == "all=a/b");
    BOOST_TEST(matched("/{all*}", "/") == "none");
}

BOOST_AUTO_TEST_CASE(paths_that_match_no_media_route) {
    BOOST_TEST(routed("/{all*}", "/a/b") == "all=a/b");
    BOOST_TEST(routed("/{all*}", "/a%20b/%C3%BC/%F0%9F%98%80+~!$&'()*,=:@") != "none");
    for (const std::string path :
         {"/a%2Fb",    "/a%2fb",   "/a%5Cb",   "/a%5cb",      "/a\\b",       "//a",     "/a//b",  "/a//",   "/./a",
          "/a/.",      "/a/../b",  "/..",      "/%2e/a",      "/a/%2E%2e/b", "/.%2e/a", "/a/%2e", "/a;b",   "/a;",
          "/a%3Bb",    "/a%3bb",   "/a%00",    "/a%0a",       "/a%1F",       "/a%7f",   "/a\x01", "/a\x7f", "/a%C2%80",
          "/a%FF",     "/a%C0%AF", "/a%E2%82", "/a%ED%A0%80", "/a%",         "/a%2",    "/a%zz",  "/a%G0",  "/a b",
          "/\xc3\xbc", "a/b",      ""}) {
        BOOST_TEST(routed("/{all*}", path) == "none", path);
    }
    BOOST_TEST(routed("/{all*}", std::string_view("/a\0b", 4)) == "none");
}

BOOST_AUTO_TEST_CASE(queries) {
    using config::query_policy;
    const auto none = with_query(query_policy::none);
    BOOST_TEST(query_allowed(none, "", false));
    BOOST_TEST(!query_allowed(none, "", true)); // a bare `?`
    BOOST_TEST(!query_allowed(none, "a=b", true));
    const auto any = with_query(query_policy::any);
    BOOST_TEST(query_allowed(any, "", false));
    BOOST_TEST(query_allowed(any, "a=b&%zz", true));
    const auto named = with_query(query_policy::named, {"v", "w"});
    for (const auto* query : {"", "v", "v=", "v=1", "w=2&v=1", "v=1&v=2", "v=a=b"}) {
        BOOST_TEST(query_allowed(named, query, true), query);
    }
    BOOST_TEST(query_allowed(named, "", false));
    for (const auto* query : {"x", "x=1", "v=1&x=2", "V=1", "%76=1", "vv=1", "=1", "v=1;x=2&x", "&", "v=1&&w=2"}) {
        BOOST_TEST(!query_allowed(named, query, true), query);
    }
}

BOOST_AUTO_TEST_CASE(raw_expansion) {
    const std::vector<capture> c{{"x", "a%20b"}, {"y", "%2e"}};
    BOOST_TEST(expand_raw("/ok/{x}/{y}?q=1", c) == "/ok/a%20b/%2e?q=1");
    BOOST_TEST(expand_raw("/{x}{x}", c) == "/a%20ba%20b");
    BOOST_TEST(expand_raw("/plain", c) == "/plain");
    BOOST_TEST(expand_raw("", c) == "");
    // What a capture holds is never a template.
    BOOST_TEST(expand_raw("/{x}", {{"x", "{y}"}, {"y", "evil"}}) == "/{y}");
}

BOOST_AUTO_TEST_CASE(keys) {
    BOOST_TEST(key("lectures/{x}/{y}", {{"x", "a%20b"}, {"y", "c/d%2B+.mp4"}}) == "lectures/a b/c/d++.mp4");
    BOOST_TEST(key("{x}", {{"x", "%25%32%46"}}) == "%2F"); // once
    BOOST_TEST(key("{x}", {{"x", "%23%3F"}}) == "#?");
    BOOST_TEST(key("a-{x}-{x}", {{"x", "1"}}) == "a-1-1");
    for (const auto* raw : {"%", "%2", "%zz", "..", ".", "%2e%2e", "a/../b", "a//b", "a/", "%2Fa", "a%2F%2Fb"}) {
        BOOST_TEST(key("{x}", {{"x", raw}}) == "error", raw);
    }
    BOOST_TEST(key("a/{x}", {{"x", "..b"}}) == "a/..b");
    BOOST_TEST(key(".{x}/b", {{"x", "."}}) == "error"); // a dot segment out of two parts
    BOOST_TEST(key("up//{x}", {{"x", "a/"}}) == "error");
    BOOST_TEST(key("/up//{x}", {{"x", "a/"}}, key_form::flat) == "/up//a/");
    BOOST_TEST(key("/{x}", {{"x", ".."}}, key_form::flat) == "error");
    BOOST_TEST(key("{x}", {{"x", std::string(1024, 'k')}}) == std::string(1024, 'k'));
    BOOST_TEST(key("{x}", {{"x", std::string(1025, 'k')}}) == "error");
    std::string escaped;
    for (int i = 0; i < 1024; ++i) {
        escaped += "%6B";
    }
    BOOST_TEST(key("{x}", {{"x", escaped}}) == std::string(1024, 'k')); // measured when decoded
}

BOOST_AUTO_TEST_SUITE_END()
