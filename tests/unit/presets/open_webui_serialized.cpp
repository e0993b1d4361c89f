#include <sluice/presets/open_webui_serialized.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

using sluice::presets::open_webui_serialized_file;

namespace {

const std::string id = "0f8fad5b-d9cb-469f-a165-70867728950e";

} // namespace

BOOST_AUTO_TEST_SUITE(presets_open_webui_copy)

BOOST_AUTO_TEST_CASE(paths_that_the_app_answers_from_its_copy) {
    const std::string file = "/api/v1/files/" + id;
    for (const std::string& path :
         {file + "/content", file + "/content?attachment=1", file + "/content/html", file + "/content/a%20b.mp4?x",
          "/api/v1/files/" + id + "/%63ontent", "//api/v1/./files/" + id + "/content/"}) {
        BOOST_TEST(open_webui_serialized_file(path).value_or("") == id, path);
    }
    for (const std::string& path :
         {std::string("/"), file, file + "/data/content", file + "/content/a/b", file + "/contents",
          "/api/v1/files/all/content?" + std::string(100, 'a'), "/x/api/v1/files/" + id + "/content",
          "/api/v1/files/" + id + "0/content", std::string("/api/v1/files/") + std::string(60, 'z') + "/content"}) {
        BOOST_TEST(!open_webui_serialized_file(path), path);
    }
}

BOOST_AUTO_TEST_SUITE_END()
