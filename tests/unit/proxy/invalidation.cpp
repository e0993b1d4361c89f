#include <sluice/authorize/purge_tags.hpp>
#include <sluice/origin/kinds/s3.hpp>
#include <sluice/proxy/invalidation.hpp>

#include <boost/test/unit_test.hpp>

#include <ostream>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace sluice;
using namespace sluice::proxy;
using authorize::path_pattern;

/// An app of which is known that `/api/files/all` are all of its files, and that a POST to `/api/groups` reaches
/// everybody.
class test_preset final : public authorize::preset {
public:
    bool accepts(const http::target_parts& /*target*/, std::string_view /*capture*/) const override { return true; }
    std::optional<std::string> serialized_resource(std::string_view /*target*/) const override { return {}; }
    std::optional<authorize::object_ref> find_object(const authorize::protected_route& /*route*/,
                                                     std::string_view /*named*/) const override {
        return std::nullopt;
    }
    bool must_serialize(const authorize::protected_route& /*route*/,
                        const std::optional<std::string>& /*named*/) const override {
        return false;
    }
    bool present(authorize::authorization& /*g*/, std::string_view /*key*/, std::string_view /*target*/,
                 const authorize::json_pointer_reader& /*values*/) const override {
        return false;
    }
    std::string_view all_resources() const noexcept override { return "/api/files/all"; }
    std::string_view resource_prefix() const noexcept override { return "/api/files/"; }
    authorize::app_change change_of(std::string_view method, std::string_view path) const override {
        const bool groups = method == "POST" && path == "/api/groups";
        return {path == all_resources(), groups ? authorize::decision_scope::all : authorize::decision_scope::none,
                false};
    }
    std::size_t max_content() const noexcept override { return 0; }
    std::vector<std::string> resources_in(std::string_view /*content*/) const override { return {}; }
};

media::media_route route_of(const std::string& path, const std::string& subrequest,
                            const authorize::preset* preset = nullptr) {
    media::media_route r{{{}, nullptr}, media::path_template(path), nullptr, {}};
    r.preset = preset;
    const auto& parts = r.path.parts();
    r.media_pattern = path_pattern(parts);
    r.subrequest_pattern = path_pattern(config::parse_subrequest(subrequest, parts.captures()).value().path, parts);
    return r;
}

invalidation_rule rule_of(const std::string& path, const std::string& target) {
    media::path_template from(path);
    auto to = config::parse_subrequest(target, from.parts().captures()).value();
    return {std::move(from), std::move(to)};
}

std::vector<std::string> names_of(const named_resources& named) {
    return {named.names.begin(), named.names.end()};
}

std::vector<object_effect> keys(std::string_view path, std::string_view object, std::string_view target, effect done) {
    config::store settings;
    settings.name = "up";
    settings.kind = &origin::s3_kind();
    settings.bucket = "b";
    settings.region = "eu-central-1";
    settings.credentials = config::static_keys{"id", secret("key"), {}};
    metrics::metrics counters;
    origin::store store(settings, {}, counters.store("up"));
    media::media_route route{{{}, nullptr}, media::path_template(path), &store, {}};
    route.object = config::parse_object(object, {route.path.parts().captures()}).value();
    config::add_query_captures(route.object, route.settings.query_captures);
    auto got = changed_keys(route, changed_paths(target, done));
    for (auto& each : got) {
        BOOST_TEST((each.store == &store));
        each.store = nullptr;
    }
    return got;
}

using objects = std::vector<object_effect>;

} // namespace

BOOST_AUTO_TEST_SUITE(invalidation)

BOOST_AUTO_TEST_CASE(what_an_answer_tells) {
    for (const auto* method : {"GET", "HEAD", "OPTIONS", "TRACE"}) {
        BOOST_TEST(!is_unsafe(method), method);
    }
    for (const auto* method : {"POST", "PUT", "DELETE", "PATCH", "MOVE", "get", "WHATEVER"}) {
        BOOST_TEST(is_unsafe(method), method);
    }
    const auto is = [](std::string_view method, unsigned status, effect wanted) {
        BOOST_TEST((effect_of(method, status) == wanted), method << " " << status);
    };
    for (const unsigned status : {200U, 202U, 204U, 299U}) {
        is("DELETE", status, effect::deleted);
        is("POST", status, effect::changed);
        is("delete", status, effect::changed);
    }
    for (const unsigned status : {101U, 300U, 302U, 307U, 399U}) {
        is("DELETE", status, effect::changed);
        is("PUT", status, effect::changed);
    }
    for (const unsigned status : {400U, 401U, 404U, 500U, 503U, 600U, 999U}) {
        is("DELETE", status, effect::none);
        is("POST", status, effect::none);
    }
}

BOOST_AUTO_TEST_CASE(a_response_tells_what_changed_and_for_whom) {
    const auto is = [](request_effect got, effect named, bool others) {
        BOOST_TEST((got == request_effect{named, others}));
    };
    is(effect_of_response("DELETE", 200, false, false), effect::deleted, true);
    is(effect_of_response("POST", 201, false, false), effect::changed, true);
    is(effect_of_response("POST", 302, false, false), effect::changed, false); // anybody can have that
    is(effect_of_response("POST", 403, false, false), effect::none, false);
    is(effect_of_response("GET", 101, false, false), effect::changed, true);
    // Sent twice: the 404 may be about what the first has deleted.
    is(effect_of_response("DELETE", 404, false, true), effect::changed, true);
    is(effect_of_response("POST", 302, false, true), effect::changed, true);
    // All resources at once are deleted, or nothing is known of any.
    is(effect_of_response("DELETE", 200, true, false), effect::deleted, true);
    is(effect_of_response("DELETE", 302, true, false), effect::none, false);
    is(effect_of_response("DELETE", 302, true, true), effect::changed, true);
    is(effect_without_response(true), effect::changed, true);
    is(effect_without_response(false), effect::none, false);
}

BOOST_AUTO_TEST_CASE(names_that_a_route_has_to_do_with) {
    std::vector<media::media_route> routes;
    routes.push_back(route_of("/media/{course}/{file*}", "/may/{course}/{file}"));
    BOOST_TEST(
        (names_of({"DELETE", "/media/a/b/c", routes}) == std::vector<std::string>{"/media/a/b/c", "/media/a/b"}));
    BOOST_TEST((names_of({"DELETE", "/media//a/./b?x", routes}) == std::vector<std::string>{"/media/a/b"}));
    BOOST_TEST((names_of({"PUT", "/may/a/b", routes}) == std::vector<std::string>{"/may/a/b"}));
    const named_resources none("POST", "/login", routes);
    BOOST_TEST(!none.is_relevant());
    BOOST_TEST((none.preset == nullptr));
}

BOOST_AUTO_TEST_CASE(what_only_a_preset_knows_of) {
    const test_preset preset;
    std::vector<media::media_route> routes;
    routes.push_back(route_of("/api/files/{id}/content", "/api/files/{id}", &preset));
    const named_resources all("DELETE", "/api/files/all", routes);
    BOOST_TEST(all.change.all_resources);
    BOOST_TEST(all.is_relevant());
    const named_resources groups("POST", "/api/groups", routes);
    BOOST_TEST(groups.names.empty());
    BOOST_TEST(groups.is_relevant());
    BOOST_TEST(!named_resources("GET", "/api/groups", routes).is_relevant());
}

BOOST_AUTO_TEST_CASE(keys_that_a_template_makes_of_the_path) {
    BOOST_TEST((keys("/m/{f}", "{f}", "/m/a%20b?x=1", effect::deleted) == objects{{"a b", effect::deleted}}));
    // What lies beneath an object is part of it: the object changed, and is not gone.
    BOOST_TEST((keys("/m/{f}", "{f}", "/m/a/comments/1", effect::deleted) == objects{{"a", effect::changed}}));
    // With "/" at its end it is a key of its own to some stores.
    BOOST_TEST(
        (keys("/m/{f*}", "{f}", "/m/a/", effect::deleted) == objects{{"a/", effect::deleted}, {"a", effect::deleted}}));
    BOOST_TEST((keys("/m/{f*}", "{f}", "/m/a/b", effect::changed) ==
                objects{{"a/b", effect::changed}, {"a", effect::changed}}));
    BOOST_TEST((keys("/m", "{query.f}", "/m?f=a%2Fb", effect::deleted) == objects{{"a/b", effect::deleted}}));
    BOOST_TEST(keys("/m", "{query.f}", "/m/x?f=a", effect::deleted).empty()); // the query is that of the path itself
    BOOST_TEST(keys("/m", "{query.f}", "/m?f=a&F=b", effect::deleted).empty());
    BOOST_TEST(keys("/m/{f}", "{f}", "/other/a", effect::deleted).empty());
    BOOST_TEST(keys("/m/{f}", "{f}", "/m/../m/a", effect::deleted).empty()); // no media request has such a path
    BOOST_TEST(keys("/m/{f}", "{f}", "/m/a", effect::none).empty());
}

BOOST_AUTO_TEST_CASE(tags_of_objects_by_the_paths_that_they_came_by) {
    std::vector<media::media_route> routes;
    routes.push_back(route_of("/f/{id}/content", "/f/{id}"));
    const auto tags = [&](std::string_view path, effect done) {
        return changed_tags(path, relevant_names(path, routes), done);
    };
    const auto by_request = authorize::request_tag("/f/17");
    BOOST_TEST((tags("/f/17", effect::deleted) == objects{{by_request, effect::deleted}, {"/f/17", effect::deleted}}));
    BOOST_TEST(tags("/f/17", effect::none).empty());
    BOOST_TEST(
        (tags("/f/17/content", effect::deleted) == objects{{authorize::request_tag("/f/17/content"), effect::deleted},
                                                           {"/f/17/content", effect::deleted},
                                                           {by_request, effect::changed},
                                                           {"/f/17", effect::changed}}));
    BOOST_TEST(tags("/g/17", effect::deleted).empty());
    const std::string deep = "/f/" + std::string(600, 'x');
    BOOST_TEST((tags(deep, effect::changed) == objects{{authorize::request_tag(deep), effect::changed},
                                                       {authorize::request_tag(deep), effect::changed}}));
}

BOOST_AUTO_TEST_CASE(targets_that_a_rule_says_change_too) {
    using targets = std::vector<target_effect>;
    std::vector<invalidation_rule> rules;
    rules.push_back(rule_of("/api/items/{id}", "/media/{id}"));
    rules.push_back(rule_of("/api/items/{id}", "/thumb/{id}"));
    rules.push_back(rule_of("/api/{rest*}", "/list"));
    const auto mapped = [&](std::string_view target, effect done) {
        return mapped_targets(std::span(rules).first(2), changed_paths(target, done));
    };
    BOOST_TEST((mapped("/api/items/a%20b?x", effect::deleted) ==
                targets{{"/media/a%20b", effect::deleted}, {"/thumb/a%20b", effect::deleted}}));
    // What lies beneath it is part of it.
    BOOST_TEST((mapped("/api/items/17/publish", effect::deleted) ==
                targets{{"/media/17", effect::changed}, {"/thumb/17", effect::changed}}));
    BOOST_TEST(mapped("/api/items/17/", effect::changed).size() == 2U);
    BOOST_TEST(mapped("/api/items", effect::deleted).empty());
    BOOST_TEST(mapped("/api/items/17", effect::none).empty());
    BOOST_TEST(mapped("/api/items/%2e%2e", effect::deleted).empty());
    BOOST_TEST(mapped_targets(std::span(rules).last(1), changed_paths("/api/x/y", effect::changed)).size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
