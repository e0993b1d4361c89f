// What names what: paths in one form, shapes of templates, fields that steer.
#include <sluice/authorize/path_pattern.hpp>
#include <sluice/authorize/resource_path.hpp>
#include <sluice/relay/steering.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

using namespace sluice;
using namespace sluice::authorize;
using namespace sluice::relay;

std::vector<std::string> ancestors(std::string_view path) {
    const auto names = with_ancestors(path);
    return {names.begin(), names.end()};
}

/// Of the paths of subrequests by that template, on a route with that path.
path_pattern subrequests_of(std::string_view text, std::string_view route_path) {
    const auto path = config::parse_path(route_path).value();
    return path_pattern(config::parse_subrequest(text, path.captures()).value().path, path);
}

} // namespace

BOOST_AUTO_TEST_SUITE(resources)

BOOST_AUTO_TEST_CASE(one_form_of_a_path) {
    for (const auto* target : {"/a/b", "/a/b/", "/a/b?x=/y", "/a//b", "//a/b", "/a/./b", "/a/c/../b", "/%61/b",
                               "/a%2Fb", "/a;x/b;y=/", "/../a/b", "/a/b/c/..", "a/b"}) {
        BOOST_TEST(resource_path(target) == (std::string_view(target) == "/a;x/b;y=/" ? "/a/b" : "/a/b"), target);
    }
    BOOST_TEST(resource_path("/") == "/");
    BOOST_TEST(resource_path("") == "/");
    BOOST_TEST(resource_path("/..") == "/");
    BOOST_TEST(resource_path("*") == "/*");
    BOOST_TEST(resource_path("/A/b") == "/A/b");
    BOOST_TEST(resource_path("/a%/b") == "/a%/b"); // cannot be decoded
}

// Anything but linear work would take hours.
BOOST_AUTO_TEST_CASE(a_path_of_very_many_segments, *boost::unit_test::timeout(300)) {
    constexpr std::size_t segments = std::size_t{16} * 1024 * 1024;
    for (const std::string each : {"/a", "/a;b", "/a/..", "/./a"}) {
        std::string target;
        while (target.size() < segments) {
            target += each;
        }
        const auto path = resource_path(target);
        BOOST_TEST(path.substr(0, 2) == (each == "/a/.." ? "/" : "/a"));
    }
}

BOOST_AUTO_TEST_CASE(ancestors_by_whole_segments) {
    BOOST_TEST((ancestors("/a/bc/d") == std::vector<std::string>{"/a/bc/d", "/a/bc", "/a"}));
    BOOST_TEST((ancestors("/a") == std::vector<std::string>{"/a"}));
    BOOST_TEST((ancestors("/") == std::vector<std::string>{"/"}));
    std::string deep;
    for (int i = 0; i < 10000; ++i) {
        deep += "/x";
    }
    const auto names = ancestors(deep);
    BOOST_TEST(names.size() == max_ancestors + 1);
    BOOST_TEST(names.at(0) == deep);
    BOOST_TEST(names.at(1).size() == 2 * max_ancestors);
    BOOST_TEST(names.back() == "/x");
}

BOOST_AUTO_TEST_CASE(shapes_of_templates) {
    const auto file = subrequests_of("/api/v1/files/{id}", "/api/v1/files/{id}/content");
    BOOST_TEST(file.matches("/api/v1/files/17"));
    BOOST_TEST(file.matches("/api/v1/files/all"));
    for (const auto* other : {"/api/v1/files", "/api/v1/files/17/content", "/login", "/", "/api/v2/files/17"}) {
        BOOST_TEST(!file.matches(other), other);
    }
    const auto part = subrequests_of("/may/{a}-{b}.json?x=1", "/m/{a}/{b}");
    BOOST_TEST(part.matches("/may/1-2.json"));
    BOOST_TEST(!part.matches("/may/1.json"));
    BOOST_TEST(!part.matches("/may/1-2"));
    const auto deep = subrequests_of("/may/{rest}/ask", "/m/{rest*}");
    BOOST_TEST(deep.matches("/may/a/b/c/ask"));
    BOOST_TEST(!deep.matches("/may/a/b/c"));
    const path_pattern media(config::parse_path("/media/{course}/{file*}").value());
    BOOST_TEST(media.matches("/media/a/b"));
    BOOST_TEST(media.matches("/media/a/b/c/d"));
    BOOST_TEST(!media.matches("/other/a/b"));
    const path_pattern fixed(config::parse_path("/me%64ia/x/").value());
    BOOST_TEST(fixed.matches("/media/x"));
    BOOST_TEST(!fixed.matches("/media/x/y"));
    const path_pattern blobs(config::parse_path("/v2/{name*}/blobs/sha256:{hex}").value());
    BOOST_TEST(blobs.matches("/v2/a/b/blobs/sha256:0"));
    BOOST_TEST(!blobs.matches("/v2/a/b/blobs/sha512:0"));
    BOOST_TEST(!blobs.matches("/v2/a/b"));
    const path_pattern name(config::parse_path("/x/{id}.mp4").value());
    BOOST_TEST(name.matches("/x/a b.mp4"));
    BOOST_TEST(!name.matches("/x/a/b.mp4"));
    BOOST_TEST(path_pattern(config::parse_path("/").value()).matches("/"));
    BOOST_TEST(path_pattern(config::parse_path("/{a}/").value()).matches("/x"));
    // What a parameter or base64 holds may be several segments.
    const auto query = subrequests_of("/may/{query.path}/ask", "/get");
    BOOST_TEST(query.matches("/may/a/b/ask"));
    BOOST_TEST(!query.matches("/may/a/b"));
    BOOST_TEST(subrequests_of("/may/{x|base64url}", "/get/{x}").matches("/may/a/b"));
    BOOST_TEST(!subrequests_of("/may/{x|lower}", "/get/{x}").matches("/may/a/b"));
    BOOST_TEST(!path_pattern().matches("/"));
    BOOST_TEST(!path_pattern().matches(""));
}

BOOST_AUTO_TEST_CASE(fields_that_steer) {
    for (const auto* name :
         {"X-Original-URL", "x_rewrite_url", "X-HTTP-Method", "X-Http-Method-Override", "X_METHOD_OVERRIDE",
          "SCRIPT_NAME", "Script-Name", "PATH-INFO", "X-Script_Name", "X-Override-URL", "x-middleware-subrequest"}) {
        BOOST_TEST(is_steering_name(name), name);
        BOOST_TEST(!is_proxy_supplied_name(name), name);
    }
    for (const auto* name : {"X-Forwarded-Prefix", "x_forwarded_path", "X-FORWARDED-URI", "X-Forwarded_Method",
                             "X-Forwarded-Server", "X-Original-Host", "X-Host", "X-Sendfile-Type", "X-Accel-Mapping"}) {
        BOOST_TEST(is_proxy_supplied_name(name), name);
        BOOST_TEST(!is_steering_name(name), name);
    }
    for (const auto* name :
         {"Host", "Cookie", "Authorization", "X-Forwarded-User", "X-Original-URL-2", "Script", "Accept"}) {
        BOOST_TEST(!is_steering_name(name), name);
        BOOST_TEST(!is_proxy_supplied_name(name), name);
    }
}

BOOST_AUTO_TEST_SUITE_END()
