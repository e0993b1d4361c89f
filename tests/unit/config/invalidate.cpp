#include <sluice/config/redact.hpp>

#include <boost/json.hpp>

#include "loading.hpp"

using namespace loading;

namespace {

/// A configuration with this `invalidate`, in the line behind the app's; its text begins at column 13.
std::string with_rules(const std::string& rules) {
    return std::string(an_app) + "invalidate: " + rules;
}

/// That `rules` have exactly one fault, where `@@` stands in them.
void fault_at(std::string rules, std::string_view part) {
    const auto at = rules.find("@@");
    BOOST_REQUIRE(at != std::string::npos);
    rules.erase(at, 2);
    const auto line = 1 + std::count(an_app.begin(), an_app.end(), '\n');
    one_fault(with_rules(rules), std::to_string(line) + ":" + std::to_string(13 + at), part);
}

} // namespace

BOOST_AUTO_TEST_SUITE(invalidate)

BOOST_AUTO_TEST_CASE(what_a_write_changes_too) {
    const auto c =
        good(with_rules(R"({"/api/items/{id}": "/media/{id}", "/api/{x}/{rest*}": ["/a/{rest}", "/b/{x}?y=1"]})"));
    BOOST_REQUIRE(c.invalidate.size() == 3U);
    BOOST_TEST(c.invalidate[0].path == "/api/items/{id}");
    BOOST_TEST(c.invalidate[0].target == "/media/{id}");
    BOOST_TEST(c.invalidate[1].path == "/api/{x}/{rest*}");
    BOOST_TEST(c.invalidate[1].target == "/a/{rest}");
    BOOST_TEST(c.invalidate[2].target == "/b/{x}?y=1");
    const auto shown = boost::json::parse(redacted_json(c)).at("invalidate").as_array();
    BOOST_TEST(shown.size() == 3U);
    BOOST_TEST(shown[0].at("path").as_string() == "/api/items/{id}");
    BOOST_TEST(shown[0].at("target").as_string() == "/media/{id}");
    BOOST_TEST(good(with_rules("{}")).invalidate.empty());
    BOOST_TEST(good(with_rules("")).invalidate.empty());
}

BOOST_AUTO_TEST_CASE(faults) {
    fault_at("@@x", "\"invalidate\"");
    fault_at("@@[a]", "\"invalidate\"");
    fault_at("{@@api: /media}", "\"invalidate\" has a path that must begin with /");
    fault_at("{@@/a/../b: /media}", "has a dot segment");
    fault_at("{@@\"/a/{x}/{x}\": /media}", "has the capture {x} twice");
    fault_at("{/a: @@media}", "\"invalidate./a\" must begin with /");
    fault_at("{/a: /m/@@/x}", "has an empty segment");
    fault_at("{\"/a/{id}\": \"/m/{@@key}\"}", "uses {key}, which is not a capture of the path");
    fault_at("{\"/a/{id}\": [\"/m/{id}\", \"/m/{@@key}\"]}", "uses {key}, which is not a capture of the path");
    fault_at("{/a: @@\"/m?x={query.y}\"}", "uses a parameter of the query");
    fault_at("{/a: @@[]}", "is an empty list");
    fault_at("{/a: @@{b: /c}}", "must be a path as in");
    fault_at("{/a: [@@[/c]]}", "must be a path as in");
    fault_at("{@@/a: }", "must be a path as in");
    fault_at("{/a: /m, @@/a: /n}", "/a");
}

BOOST_AUTO_TEST_SUITE_END()
