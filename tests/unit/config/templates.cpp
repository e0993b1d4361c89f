// Templates as the configuration has them: what can be one, and where one that cannot be is at fault.
#include <sluice/config/path_template.hpp>
#include <sluice/config/text_template.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

using namespace sluice;
using namespace sluice::config;

const std::vector<std::string> names{"course", "file"};

void path_fault(std::string_view text, std::size_t at, std::string_view part) {
    const auto got = parse_path(text);
    BOOST_TEST_REQUIRE(!got.has_value(), text);
    BOOST_TEST(got.error().at == at, text << ": " << got.error().at << " " << got.error().what);
    BOOST_TEST(got.error().what.find(part) != std::string::npos, text << ": " << got.error().what);
}

template <class Parsed>
void fault(const Parsed& got, std::string_view text, std::size_t at, std::string_view part) {
    BOOST_TEST_REQUIRE(!got.has_value(), text);
    BOOST_TEST(got.error().at == at, text << ": " << got.error().at << " " << got.error().what);
    BOOST_TEST(got.error().what.find(part) != std::string::npos, text << ": " << got.error().what);
}

void object_fault(std::string_view text, std::size_t at, std::string_view part) {
    fault(parse_object(text, {names}), text, at, part);
}

void subrequest_fault(std::string_view text, std::size_t at, std::string_view part) {
    fault(parse_subrequest(text, names), text, at, part);
}

const template_value& value_at(const text_parts& parts, std::size_t i) {
    return std::get<template_value>(parts.at(i));
}

} // namespace

BOOST_AUTO_TEST_SUITE(templates)

BOOST_AUTO_TEST_CASE(paths) {
    const auto captures = [](std::string_view text) { return parse_path(text).value().captures(); };
    BOOST_TEST(captures("/media/{course}/{file*}") == (std::vector<std::string>{"course", "file"}),
               boost::test_tools::per_element());
    BOOST_TEST(captures("/").empty());
    BOOST_TEST(captures("/a/b.mp4").empty());
    BOOST_TEST(captures("/a/").empty());
    BOOST_TEST(captures("/caf%C3%A9/{_x1}").size() == 1U);
    BOOST_TEST(captures("/x/{id}.mp4").size() == 1U);
    BOOST_TEST(captures("/v2/{name*}/blobs/sha256:{hex}") == (std::vector<std::string>{"name", "hex"}),
               boost::test_tools::per_element());
    BOOST_TEST(captures("/{a}-{b}.{c}").size() == 3U);
    BOOST_TEST(captures("/{x*}/").size() == 1U);
    BOOST_TEST(captures("/..{x}/.{y}").size() == 2U);
}

BOOST_AUTO_TEST_CASE(faults_of_paths) {
    for (const auto* text :
         {"",      "media",  "{x}",          "//",      "/a//b",   "/{x}/{x}", "/{X}",   "/{1x}",   "/{}",    "/{x",
          "/x}",   "/{x**}", "/{*}",         "/{x}{y}", "/./a",    "/a/..",    "/%2e/a", "/%2E%2e", "/a%2Fb", "/a%5cb",
          "/a\\b", "/a;b",   "/a%3Bb",       "/a%00",   "/a%0a",   "/a%ff",    "/a%",    "/a%4",    "/a%zz",  "/a?b",
          "/a#b",  "/a b",   "/caf\xC3\xA9", "/%C3{x}", "/{x}%A9", "/a%C2%80", "/{a/b}"}) {
        BOOST_TEST(!parse_path(text).has_value(), text);
    }
    path_fault("/x/{a}{b}", 6, "{a} and {b} side by side");
    path_fault("/{a*}/x/{b*}", 8, "two captures of several segments, {a*} and {b*}");
    path_fault("/x{a*}", 2, "not alone between its slashes");
    path_fault("/{a*}x", 1, "not alone between its slashes");
    path_fault("/{a*}{b}", 1, "not alone between its slashes");
    path_fault("/x/{query.id}", 3, "a capture of the query");
    path_fault("/x/{id[0:2]}", 6, "where the capture is used");
    path_fault("/x/{id|lower}", 6, "where the capture is used");
    path_fault("/a/{x}/{x}", 7, "{x} twice");
    path_fault("/a/{B}", 4, "whose name");
    path_fault("/a/b}", 4, "unbalanced");
    path_fault("/ab/{c", 4, "a { without a }");
    path_fault("/ab/../c", 4, "dot segment");
    path_fault("/ab/c d", 5, "must be percent-encoded");
    path_fault("/ab/%2F", 4, "percent escape");
    path_fault("/ab/%zz", 4, "bad percent escape");
    path_fault("/ab//c", 4, "empty segment");
}

BOOST_AUTO_TEST_CASE(objects) {
    for (const auto* text : {"lectures/{course}/{file}", "{file}", "a{course}b", "fixed.mp4", "caf\xC3\xA9/{file}",
                             "..x", "{course}{file}", "{query.fileuri}", "{query.X-Amz.a~b_c}",
                             "{file[0:2]}/{file[2:4]}/{file}", "{file[:2]}", "{file[2:]}", "{file|lower}",
                             "{query.f|base64url|lower}", "{file[0:2]|lower}", "s3://bucket/{file}", "a?b#c"}) {
        BOOST_TEST(parse_object(text, {names}).has_value(), text);
    }
    const auto parts = parse_object("a/{course}{query.x[1:3]|base64url|lower}/b", {names}).value();
    BOOST_TEST_REQUIRE(parts.size() == 4U);
    BOOST_TEST((value_at(parts, 1) == template_value{template_value::origin::path, "course"}));
    BOOST_TEST((value_at(parts, 2) == template_value{template_value::origin::query,
                                                     "x",
                                                     value_slice{1, 3},
                                                     {value_filter::base64url, value_filter::lower}}));
    BOOST_TEST(literal_head(parts) == "a/");
    BOOST_TEST(literal_head(parse_object("{file}b", {names}).value()).empty());
    std::vector<std::string> query;
    add_query_captures(parts, query);
    add_query_captures(parts, query);
    BOOST_TEST(query == (std::vector<std::string>{"x"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(faults_of_objects) {
    for (const auto* text : {"", "{", "}", "{}", "{file", "a/../{file}", "./{file}", "{file}/..", "a\nb", "{fi{le}"}) {
        BOOST_TEST(!parse_object(text, {names}).has_value(), text);
    }
    object_fault("a/{other}", 3, "{other}, which is not a capture of the path");
    object_fault("a/{file*}", 7, "leave the * to the path");
    object_fault("a/{resolved}", 3, "needs \"resolve\" or \"object_header\"");
    object_fault("a/{query.}", 9, "a parameter whose name");
    object_fault("a/{query.a b}", 9, "a parameter whose name");
    object_fault("a/{query.a%20}", 9, "a parameter whose name");
    for (const auto* slice : {"", "2", "2:2", "3:2", "-1:2", "a:b", ":", "0:99999", "0:2:4", " 0:2"}) {
        object_fault("{file[" + std::string(slice) + "]}", 5, "slice");
    }
    object_fault("{file[0:2}", 5, "without its ]");
    object_fault("{file[0:2]x}", 10, "something else than a filter");
    object_fault("{file[0:2][0:1]}", 10, "something else than a filter");
    object_fault("{file|upper}", 6, "unknown filter");
    object_fault("{file|}", 6, "unknown filter");
    object_fault("{file|lower[0:2]}", 11, "slices come first");
    object_fault("ab/../{file}", 3, "dot segment");
    object_fault("ab/{file}/.", 10, "dot segment");
    object_fault("ab\x01", 2, "control");
    object_fault("ab}{file}", 2, "unbalanced");
}

BOOST_AUTO_TEST_CASE(the_key_that_the_app_names) {
    const template_scope scope{names, template_scope::resolves::yes};
    BOOST_TEST(parse_object("up/{resolved}", scope).has_value());
    BOOST_TEST(parse_object("{resolved}/{query.path}", scope).has_value());
    const std::vector<std::string> same{"resolved"};
    fault(parse_object("{resolved}", {same, template_scope::resolves::yes}), "{resolved}", 1, "another");
    BOOST_TEST(parse_object("{resolved}", {same}).has_value()); // where nothing else is called so
}

BOOST_AUTO_TEST_CASE(subrequests) {
    for (const auto* text : {"/api/may-read/{course}", "/api/{course}-{file}", "/auth?scope=media&x=/", "/",
                             "/may?p={query.path}&c={course|lower}", "/may/{query.path}?x={file[0:2]}{course}&flag"}) {
        BOOST_TEST(parse_subrequest(text, names).has_value(), text);
    }
    const auto target = parse_subrequest("/may/{course}?p={query.path}", names).value();
    BOOST_TEST(target.path.size() == 2U);
    BOOST_TEST_REQUIRE(target.query.size() == 2U);
    BOOST_TEST(std::get<std::string>(target.query.front()) == "?p=");
    for (const auto* text : {"", "api", "http://evil/", "//evil/", "/{other}", "/a#b", "/a b", "/a?b c", "/a?b#c",
                             "/../a", "/a%2f", "/a\r\nX: y", "/a?\r\n", "/{file*}", "/a?x=%zz", "/%C3{file}"}) {
        BOOST_TEST(!parse_subrequest(text, names).has_value(), text);
    }
    subrequest_fault("/a?x={other}", 6, "{other}, which is not a capture");
    subrequest_fault("/a?{file}=x", 3, "in the name of a parameter");
    subrequest_fault("/a?x=1&{file}", 7, "in the name of a parameter");
    subrequest_fault("/ab/../c", 4, "dot segment");
    subrequest_fault("/a?x=b c", 6, "must be percent-encoded");
    subrequest_fault("/a/{resolved}", 4, "{resolved}");
}

BOOST_AUTO_TEST_SUITE_END()
