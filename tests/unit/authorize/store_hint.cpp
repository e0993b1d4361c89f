#include <sluice/authorize/store_hint.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

BOOST_AUTO_TEST_SUITE(store_hints)

BOOST_AUTO_TEST_CASE(what_to_configure) {
    using sluice::authorize::path_meaning;
    using sluice::authorize::store_hint;
    const auto hints_at = [](std::string_view named, path_meaning meaning, std::string_view part) {
        const auto text = store_hint(named, meaning);
        BOOST_TEST(text.find(part) != std::string::npos, named << ": " << text);
    };
    for (const auto meaning : {path_meaning::location, path_meaning::file}) {
        hints_at("s3://other/a/b.mp4", meaning, "type s3 with bucket: other");
        hints_at("gs://other/a", meaning, "type gcs with bucket: other");
        hints_at("https://media.example:9000/b/a.mp4", meaning, "media.example:9000");
        hints_at("ftp://x/a", meaning, "no store has");
        hints_at("a/b.mp4", meaning, "a store on the route");
        hints_at("", meaning, "a store on the route");
        hints_at("/", meaning, "type local");
        hints_at("//x/a", meaning, "type local");
    }
    hints_at("/protected/a.mp4", path_meaning::location, "internal: /protected/");
    hints_at("/srv/media/a.mp4", path_meaning::file, "type local");
}

BOOST_AUTO_TEST_SUITE_END()
