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
        route.object = config::parse_object("{x}", {route.path.parts().captures()}).value();
        route.locations = {authorize::location_of(own.settings()), authorize::location_of(other.settings())};
        route.location_stores = {&own, &other};
        route.own_location = 0;
    }

    /// `store key` of what the app's field names; "" where that lies nowhere.
    std::string named(std::string_view value) {
        const auto object = object_of_header({&route, captures}, "/x", value, http::header_list{{"X-Of-App", "1"}});
        if (!object) {
            return "";
        }
        BOOST_TEST(object->authorization->fields.contains("X-Of-App"));
        BOOST_TEST(object->set_cookie.empty());
        return object->store.settings().name + " " + object->key;
    }

    std::vector<media::capture> captures{};
    metrics::metrics counters;
    origin::store own{disk("own", "films/"), {}, counters.store("own")};
    origin::store other{disk("other", ""), {}, counters.store("other")};
    media::media_route route{{{}, &counters.route("a")}, media::path_template("/media/{x*}"), &own, 0ms};
};

result<std::string> key_made(const fixture& f, std::string_view raw) {
    auto place = object_of_request(f.route, {{"x", raw}});
    return place ? result<std::string>(place->key) : place.error();
}

/// A route without a store of its own, whose object is a URI of any.
struct any_store : fixture {
    any_store() {
        route.store = nullptr;
        route.own_location.reset();
        route.object = config::parse_object("{query.uri}", {captures_of_path}).value();
    }

    std::string place(const std::string& raw) {
        const auto got = object_of_request(route, {{"uri", raw, config::template_value::origin::query}});
        return got ? got->store->settings().name + " " + got->key : "none: " + got.error().detail;
    }

    std::vector<std::string> captures_of_path{};
};

} // namespace

BOOST_AUTO_TEST_SUITE(proxy_authorized_object)

BOOST_AUTO_TEST_CASE(objects_that_a_header_names) {
    fixture f;
    f.route.object.clear();
    BOOST_TEST(f.named("/own/films/a%20b.mp4") == "own films/a b.mp4");
    BOOST_TEST(f.named("/other/x") == "other x");
    for (const auto* nowhere : {"", "/", "/own", "/own/x", "/third/x", "/other/../x", "s3://other/x"}) {
        BOOST_TEST(f.named(nowhere) == "", nowhere);
    }
}

BOOST_AUTO_TEST_CASE(objects_that_a_header_names_by_url) {
    fixture f;
    f.route.object.clear();
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
    const auto key_of = [&f](std::string_view raw) { return key_made(f, raw); };
    BOOST_TEST(key_of("films/a%20b.mp4").value() == "films/a b.mp4");
    const auto outside = key_of("songs/a.mp3");
    BOOST_TEST((outside.error().code == errc::bad_request));
    BOOST_TEST(outside.error().detail == "songs/a.mp3"); // what the log says was named
    BOOST_TEST((key_of("films/%zz").error().code == errc::bad_request));
    for (const auto* raw : {"films/..", "films/../a", "films//a", "films/a/", ".", "films/a%2F%2Fb"}) {
        const auto none = key_of(raw);
        BOOST_TEST(!none.has_value(), raw);
        BOOST_TEST(none.error().detail.empty(), raw);
    }
    BOOST_TEST(key_of("films/" + std::string(1018, 'k')).value().size() == 1024U);
    BOOST_TEST(!key_of("films/" + std::string(1019, 'k')).has_value());
    std::string escaped;
    for (int i = 0; i < 1018; ++i) {
        escaped += "%6B";
    }
    BOOST_TEST(key_of("films/" + escaped).value().size() == 1024U); // measured when decoded
}

BOOST_AUTO_TEST_CASE(uris_of_the_routes_own_store) {
    fixture f;
    f.route.locations.resize(1);
    f.route.location_stores.resize(1);
    f.route.object = config::parse_object("{query.uri}", {{}}).value();
    const auto place = [&f](std::string_view raw) {
        const auto got = object_of_request(f.route, {{"uri", raw, config::template_value::origin::query}});
        return got ? got->key : "none: " + got.error().detail;
    };
    BOOST_TEST(place("films/a") == "films/a");
    BOOST_TEST(place("/nonexistent/own/films/a+b%2523") == "films/a b%23"); // decoded once
    for (const auto* uri : {"/nonexistent/other/films/a", "/nonexistent/own/songs/a", "/nonexistent/ownx/films/a",
                            "s3://own/films/a", "https://h/films/a", "file:///nonexistent/own/films/a"}) {
        BOOST_TEST(place(uri) == "none: " + std::string(uri));
    }
    BOOST_TEST(place("s3://u:p@own/a?X-Amz-Signature=s") == "none: s3://own/a"); // as it may be logged
    BOOST_TEST(place("/nonexistent/own/films/../songs/a") == "none: ");
}

BOOST_AUTO_TEST_CASE(uris_of_any_store) {
    any_store f;
    BOOST_TEST(f.place("/nonexistent/own/films/a") == "own films/a");
    BOOST_TEST(f.place("/nonexistent/other/a") == "other a");
    for (const auto* uri : {"films/a", "a", "/nonexistent/own/a", "/nonexistent/third/a", "/etc/passwd", "s3://b/a"}) {
        BOOST_TEST(f.place(uri) == "none: " + std::string(uri));
    }
}

BOOST_AUTO_TEST_CASE(keys_that_the_app_named_in_a_template) {
    fixture f;
    const auto use = [&f](std::string_view text) {
        f.route.object = config::parse_object(text, {{}, config::template_scope::resolves::yes}).value();
        f.route.bare_keys = authorize::bare_key::part;
    };
    use("films/{resolved}/{query.path}");
    f.captures = {{"path", "b%2Fc+d", config::template_value::origin::query}};
    BOOST_TEST(f.named("/own/a%20") == "own films/a /b/c d");
    BOOST_TEST(f.named("/other/a") == "other films/a/b/c d"); // the same store
    BOOST_TEST(f.named("/nonexistent/own/films/a") == "");
    BOOST_TEST(f.named("/own/../a") == "");
    f.captures.front().raw = "..";
    BOOST_TEST(f.named("/own/a") == "");
    use("songs/{resolved}");
    BOOST_TEST(f.named("/own/films/a") == ""); // what comes of it lies beneath the prefix, or nowhere
    use("films/{resolved}");
    f.route.settings.resolve.emplace();
    const auto applied = [&f](std::size_t store, const std::string& key) {
        authorize::authorization a;
        a.store = store;
        a.key = key;
        authorize::auth_result auth;
        auth.decision = authorize::auth_decision::allowed;
        auth.authorization = std::make_shared<const authorize::authorization>(std::move(a));
        const auto kept = auth.authorization;
        apply_object_template({&f.route, f.captures}, auth);
        BOOST_TEST(kept->key == key); // others may use the same decision
        const bool allowed = auth.decision == authorize::auth_decision::allowed;
        BOOST_TEST(allowed == auth.authorization->store.has_value());
        BOOST_TEST(allowed == !auth.authorization->unresolved_reason);
        return (allowed ? "" : "unresolved ") + auth.authorization->key;
    };
    BOOST_TEST(applied(0, "a") == "films/a");
    BOOST_TEST(applied(1, "a/b") == "films/a/b");
    use("{resolved}");
    BOOST_TEST(applied(0, "a") == "unresolved a");
    BOOST_TEST(applied(1, "a") == "a");
}

BOOST_AUTO_TEST_CASE(what_templates_make_of_a_request) {
    fixture f;
    config::authorize_subrequest how;
    how.forward_query = {"token"};
    f.route.settings.authorize = how;
    f.route.subrequest = config::parse_subrequest("/may/{x}", {"x"}).value();
    const std::vector<media::capture> captures{{"x", "films/a%20b"}};
    const auto plan = plan_request({&f.route, captures, "token=%41&x=1&token=2"}).value();
    BOOST_TEST(plan.key == "films/a b");
    BOOST_TEST(plan.subrequest == "/may/films/a%20b?token=%41&token=2");
    f.route.subrequest = config::parse_subrequest("/may?f={x}", {"x"}).value();
    BOOST_TEST(plan_request({&f.route, captures, "token=1"}).value().subrequest == "/may?f=films%2Fa%20b&token=1");
    BOOST_TEST(plan_request({&f.route, captures, "x=1"}).value().subrequest == "/may?f=films%2Fa%20b");
    const std::vector<media::capture> elsewhere{{"x", "songs/a"}};
    BOOST_TEST(plan_request({&f.route, elsewhere}).error().detail == "songs/a");
    f.route.object.clear(); // the app's answer names the object
    BOOST_TEST(plan_request({&f.route, elsewhere}).value().key == "");
}

BOOST_AUTO_TEST_CASE(the_object_that_the_app_named_goes_before_the_paths) {
    fixture f;
    authorize::authorization a;
    const auto with = [&f](authorize::authorization allowed) {
        authorize::auth_result auth;
        auth.authorization = std::make_shared<const authorize::authorization>(std::move(allowed));
        const auto object = object_of(f.route, {&f.own, "films/of-path"}, std::move(auth));
        return object.store.settings().name + " " + object.key;
    };
    BOOST_TEST(with(a) == "own films/of-path");
    a.store = 1;
    a.key = "of-app";
    BOOST_TEST(with(a) == "other of-app");
    const auto without = object_of(f.route, {&f.own, "films/of-path"}, {}); // authorize: none
    BOOST_TEST(without.key == "films/of-path");
    BOOST_TEST((without.authorization == nullptr));
}

BOOST_AUTO_TEST_SUITE_END()
