// Open WebUI's rules as the phases of a request ask for them.
#include <sluice/authorize/authorization.hpp>
#include <sluice/authorize/json_pointers.hpp>
#include <sluice/authorize/protected_route.hpp>
#include <sluice/presets/presets.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

using namespace sluice;
using authorize::decision_scope;

const std::string id = "0f8fad5b-d9cb-469f-a165-70867728950e";
const std::string file = "/api/v1/files/" + id;
const authorize::preset& rules = *presets::rules_of(config::preset::open_webui);

bool accepts(const std::string& target, std::string_view capture = id) {
    return rules.accepts(http::split_target(target), capture);
}

authorize::protected_route route_of(const std::string& kind, config::preset_bucket bucket) {
    authorize::protected_route r{{}, nullptr};
    r.settings.preset_bucket = bucket;
    r.locations.push_back({"open-webui", kind, {"s3://media/"}, "s3://media/", "", config::key_form::flat});
    return r;
}

/// What the app says of a file, read as a route with the preset reads it.
authorize::json_pointer_reader answer(const std::string& json) {
    authorize::json_pointer_reader values({"/path", "/meta/content_type", "/meta/name", "/filename", "/meta"});
    BOOST_TEST_REQUIRE(values.feed(json).has_value());
    BOOST_TEST_REQUIRE(values.finish().has_value());
    return values;
}

} // namespace

BOOST_AUTO_TEST_SUITE(presets_open_webui)

BOOST_AUTO_TEST_CASE(no_preset_no_rules) {
    BOOST_TEST((presets::rules_of(config::preset::none) == nullptr));
}

BOOST_AUTO_TEST_CASE(requests_that_are_responded_to_as_the_app_would) {
    BOOST_TEST(accepts(file + "/content"));
    BOOST_TEST(accepts(file + "/content?attachment=true"));
    BOOST_TEST(accepts(file + "/content/name.mp4"));
    BOOST_TEST(!accepts("/api/v1/files/7/content", "7")); // not as it names files
    BOOST_TEST(!accepts(file + "/content?attachment=perhaps"));
    BOOST_TEST(!accepts(file + "/content/html"));
}

BOOST_AUTO_TEST_CASE(files_served_from_a_copy_go_one_at_a_time) {
    BOOST_TEST(rules.serialized_resource(file + "/content/html").value_or("") == id);
    BOOST_TEST(!rules.serialized_resource(file));
    const auto s3 = route_of("s3", config::preset_bucket::recorded);
    const auto azure = route_of("azure", config::preset_bucket::recorded);
    const auto local = route_of("local", config::preset_bucket::recorded);
    BOOST_TEST(rules.must_serialize(s3, "s3://media/a"));
    BOOST_TEST(rules.must_serialize(s3, std::nullopt)); // its response could not be read
    BOOST_TEST(!rules.must_serialize(s3, "/data/uploads/a"));
    BOOST_TEST(!rules.must_serialize(local, "/data/uploads/a"));
    BOOST_TEST(rules.must_serialize(azure, "/data/uploads/a")); // its last segment is a key there
}

BOOST_AUTO_TEST_CASE(where_a_file_lies) {
    const auto recorded = route_of("s3", config::preset_bucket::recorded);
    const auto configured = route_of("s3", config::preset_bucket::configured);
    const authorize::object_ref expected{0, "a/b.mp4"};
    BOOST_TEST((rules.find_object(recorded, "s3://media/a/b.mp4") == expected));
    BOOST_TEST(!rules.find_object(recorded, "s3://other/a/b.mp4"));
    BOOST_TEST((rules.find_object(configured, "s3://other/a/b.mp4") == expected)); // of before a move
    BOOST_TEST(!rules.find_object(configured, "a/b.mp4"));
    authorize::protected_route nowhere{{}, nullptr};
    nowhere.settings.preset_bucket = config::preset_bucket::configured;
    BOOST_TEST(!rules.find_object(nowhere, "s3://media/a"));
}

BOOST_AUTO_TEST_CASE(how_a_file_is_presented) {
    const auto video = R"({"path":"s3://media/k","filename":"f.mp4",)"
                       R"("meta":{"name":"n.mp4","content_type":"video/mp4"}})";
    authorize::authorization a;
    BOOST_TEST(rules.present(a, "k", file + "/content", answer(video)));
    BOOST_TEST(a.content_type == "video/mp4");
    BOOST_TEST(a.has_disposition);
    BOOST_TEST(a.content_disposition == "attachment; filename*=UTF-8''n.mp4");
    // A null name, and a file without `meta`, are what the app itself fails at.
    BOOST_TEST(!rules.present(a, "k", file + "/content",
                              answer(R"({"filename":"f","meta":{"name":null,"content_type":"video/mp4"}})")));
    BOOST_TEST(!rules.present(a, "k", file + "/content", answer(R"({"filename":"f","meta":null})")));
    BOOST_TEST(!rules.present(a, "k", file + "/content/html", answer(video)));
}

BOOST_AUTO_TEST_CASE(what_its_requests_change) {
    const auto all = rules.change_of("DELETE", std::string(rules.all_resources()));
    BOOST_TEST(all.all_resources);
    BOOST_TEST((all.decisions == decision_scope::all));
    const auto one = rules.change_of("DELETE", file);
    BOOST_TEST(!one.all_resources);
    BOOST_TEST((one.decisions == decision_scope::none));
    BOOST_TEST(file.starts_with(rules.resource_prefix()));
    BOOST_TEST((rules.change_of("POST", "/api/v1/auths/signin").decisions == decision_scope::caller));
    BOOST_TEST((rules.change_of("POST", "/api/v1/groups/create").decisions == decision_scope::all));
    const std::string removal = "/api/v1/knowledge/7/file/remove";
    BOOST_TEST(rules.change_of("POST", removal).names_in_content);
    BOOST_TEST(!rules.change_of("DELETE", removal).names_in_content);
    BOOST_TEST((rules.resources_in(R"({"file_id":")" + id + R"("})") == std::vector<std::string>{file}));
    BOOST_TEST(rules.max_content() > 1024U);
}

BOOST_AUTO_TEST_SUITE_END()
