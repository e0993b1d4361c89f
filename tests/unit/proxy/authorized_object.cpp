#include <sluice/origin/kinds/local.hpp>
#include <sluice/proxy/authorized_object.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace {

using namespace sluice;
using namespace sluice::proxy;
using namespace std::chrono_literals;

config::store disk(std::string name, std::string prefix) {
    config::store s;
    s.name = std::move(name);
    s.kind = &origin::local_kind();
    s.root = "/nonexistent/" + s.name;
    s.prefix = std::move(prefix);
    s.aliases.push_back({true, s.name + ".example.com", 443, "/files"});
    return s;
}

/// A route of the store `own` whose app may also name objects in `other`.
struct fixture {
    fixture() {
        route.settings.object = "{x}";
        route.locations = {authorize::location_of(own.settings()), authorize::location_of(other.settings())};
        route.location_stores = {&own, &other};
        route.own_location = 0;
    }

    /// `store key` of what the app's field names; "" where that lies nowhere.
    std::string named(std::string_view value) {
        const auto object = object_of_header(route, value, http::header_list{{"X-Of-App", "1"}});
        if (!object) {
            return "";
        }
        BOOST_TEST(object->authorization->fields.contains("X-Of-App"));
        BOOST_TEST(object->set_cookie.empty());
        return object->store.settings().name + " " + object->key;
    }

    metrics::metrics counters;
    origin::store own{disk("own", "films/"), {}, counters.store("own")};
    origin::store other{disk("other", ""), {}, counters.store("other")};
    media::media_route route{{{}, &counters.route("a")}, media::path_template("/media/{x*}"), &own, 0ms};
};

} // namespace

BOOST_AUTO_TEST_SUITE(proxy_authorized_object)

BOOST_AUTO_TEST_CASE(objects_that_a_header_names) {
    fixture f;
    BOOST_TEST(f.named("/own/films/a%20b.mp4") == "own films/a b.mp4");
    BOOST_TEST(f.named("/other/x") == "other x");
    for (const auto* nowhere : {"", "/", "/own", "/own/x", "/third/x", "/other/../x", "s3://other/x"}) {
        BOOST_TEST(f.named(nowhere) == "", nowhere);
    }
}

BOOST_AUTO_TEST_CASE(objects_that_a_header_names_by_url) {
    fixture f;
    BOOST_TEST(f.named("https://own.example.com/files/films/a%20b.mp4?X-Amz-Signature=0") == "own films/a b.mp4");
    BOOST_TEST(f.named("https://Other.example.com:443/files/x") == "other x");
    const std::string in_path = "/download/https/other.example.com/files/a%20b?c";
    BOOST_TEST(f.named(in_path) == "");
    f.route.settings.object_url_prefix = "/download/{scheme}/{host}/{rest*}";
    BOOST_TEST(f.named(in_path) == "other a b");
    BOOST_TEST(f.named("/other/x") == "other x"); // what else it may say
    for (const auto* nowhere :
         {"https://other.example.com/files2/x", "http://other.example.com/files/x", "https://own.example.com/files/x",
          "https://u@other.example.com/files/x", "https://other.example.com/files/a%2Fb",
          "/download/http/other.example.com/files/x", "/download/https/other.example.com/files/a?versionId=1",
          "/download/https/other.example.com", "/downloads/https/other.example.com/files/x"}) {
        BOOST_TEST(f.named(nowhere) == "", nowhere);
    }
    // A store that is called like the prefix's first segment is not meant by it.
    f.route.settings.object_url_prefix = "/other/{scheme}/{host}/{rest*}";
    BOOST_TEST(f.named("/other/https/nobody.example.com/x") == "");
}

BOOST_AUTO_TEST_CASE(keys_of_paths) {
    fixture f;
    const auto key_of = [&f](std::string_view raw) { return key_of_path(f.route, {{"x", raw}}); };
    BOOST_TEST(key_of("films/a%20b.mp4").value() == "films/a b.mp4");
    const auto outside = key_of("songs/a.mp3");
    BOOST_TEST((outside.error().code == errc::bad_request));
    BOOST_TEST(outside.error().detail == "songs/a.mp3"); // what the log says was named
    BOOST_TEST((key_of("films/%zz").error().code == errc::bad_request));
}

BOOST_AUTO_TEST_CASE(the_object_that_the_app_named_goes_before_the_paths) {
    fixture f;
    authorize::authorization a;
    const auto with = [&f](authorize::authorization allowed) {
        authorize::auth_result auth;
        auth.authorization = std::make_shared<const authorize::authorization>(std::move(allowed));
        const auto object = object_of(f.route, "films/of-path", std::move(auth));
        return object.store.settings().name + " " + object.key;
    };
    BOOST_TEST(with(a) == "own films/of-path");
    a.store = 1;
    a.key = "of-app";
    BOOST_TEST(with(a) == "other of-app");
    const auto without = object_of(f.route, "films/of-path", {}); // authorize: none
    BOOST_TEST(without.key == "films/of-path");
    BOOST_TEST((without.authorization == nullptr));
}

BOOST_AUTO_TEST_SUITE_END()
