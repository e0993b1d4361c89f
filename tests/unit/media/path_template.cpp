#include <sluice/http/target.hpp>
#include <sluice/media/path_template.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

using namespace sluice;
using namespace sluice::media;

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

BOOST_AUTO_TEST_CASE(within_a_segment) {
    BOOST_TEST(matched("/x/{id}.mp4", "/x/a.mp4") == "id=a");
    BOOST_TEST(matched("/x/{id}.mp4", "/x/a.mp4.mp4") == "id=a.mp4"); // the last takes all up to the end
    for (const auto* path : {"/x/.mp4", "/x/a.mp", "/x/a.mp4/", "/x/a.mp4x", "/x/a/b.mp4", "/x/mp4", "/x/"}) {
        BOOST_TEST(matched("/x/{id}.mp4", path) == "none", path);
    }
    BOOST_TEST(matched("/b/sha256:{hex}", "/b/sha256:00ff") == "hex=00ff");
    BOOST_TEST(matched("/b/sha256:{hex}", "/b/sha256:") == "none");
    BOOST_TEST(matched("/b/sha256:{hex}", "/b/sha512:00") == "none");
    BOOST_TEST(matched("/{a}-{b}", "/x-y-z") == "a=x b=y-z"); // those before it as little as they can
    BOOST_TEST(matched("/{a}-{b}.{c}", "/-x--y.z.w") == "a=-x b=-y c=z.w");
    BOOST_TEST(matched("/{a}-{b}-c", "/1-2-c-c") == "a=1 b=2-c");
    BOOST_TEST(matched("/{a}-{b}", "/-x") == "none");
    BOOST_TEST(matched("/{a}-{b}", "/x-") == "none");
    BOOST_TEST(matched("/{a}--{b}", "/x---y") == "a=x b=-y");
    BOOST_TEST(matched("/..{x}", "/...") == "x=.");
}

BOOST_AUTO_TEST_CASE(escapes_are_whole) {
    BOOST_TEST(matched("/{a}2{b}", "/x%2Ey2z") == "a=x%2Ey b=z");
    BOOST_TEST(matched("/{a}E{b}", "/x%2Ey") == "none");
    BOOST_TEST(matched("/{a}41", "/x%41") == "none");
    BOOST_TEST(matched("/{a}1", "/x%41") == "none");
    BOOST_TEST(matched("/{a}41", "/x%4141") == "a=x%41");
    BOOST_TEST(matched("/{a}%41{b}", "/%41%41%41") == "a=%41 b=%41");
    BOOST_TEST(matched("/{a}%C3%A9", "/%C3%A9%C3%A9") == "a=%C3%A9");
}

BOOST_AUTO_TEST_CASE(the_rest_before_other_segments) {
    const std::string blobs = "/v2/{name*}/blobs/sha256:{hex}";
    BOOST_TEST(matched(blobs, "/v2/a/blobs/sha256:0") == "name=a hex=0");
    BOOST_TEST(matched(blobs, "/v2/a/b/c/blobs/sha256:0") == "name=a/b/c hex=0");
    BOOST_TEST(matched(blobs, "/v2/blobs/sha256:1/blobs/sha256:0") == "name=blobs/sha256:1 hex=0");
    for (const auto* path : {"/v2/blobs/sha256:0", "/v2//blobs/sha256:0", "/v2/a/blobs/sha256:0/", "/v2/a/blobs",
                             "/v2/a/blobs/sha256:", "/v2", "/v2/", "/v2/a/blob/sha256:0", "/a/blobs/sha256:0"}) {
        BOOST_TEST(matched(blobs, path) == "none", path);
    }
    BOOST_TEST(matched("/{a*}/{b}/{c}", "/1/2/3/4") == "a=1/2 b=3 c=4");
    BOOST_TEST(matched("/{a*}/{b}/{c}", "/1/2") == "none");
    BOOST_TEST(matched("/{a*}/", "/1/2/") == "a=1/2");
    BOOST_TEST(matched("/{a*}/", "/1/2") == "none");
    BOOST_TEST(matched("/{a*}/x", "/x") == "none");
}

// Anything but linear work would take hours.
BOOST_AUTO_TEST_CASE(hostile_paths, *boost::unit_test::timeout(300)) {
    std::string many;
    for (int i = 0; i < 200000; ++i) {
        many += "/a-";
    }
    BOOST_TEST(matched("/{x*}/{a}-{b}-{c}-{d}/z", many) == "none");
    BOOST_TEST(matched("/{a}-{b}-{c}-{d}-{e}z", "/" + std::string(600000, '-')) == "none");
    BOOST_TEST(matched("/{a}5{b}x", "/" + std::string(600000, '5')) == "none");
}

BOOST_AUTO_TEST_SUITE_END()
