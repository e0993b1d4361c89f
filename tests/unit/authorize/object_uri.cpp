#include <sluice/authorize/object_uri.hpp>
#include <sluice/origin/kinds/azure.hpp>
#include <sluice/origin/kinds/gcs.hpp>
#include <sluice/origin/kinds/local.hpp>
#include <sluice/origin/kinds/s3.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

using namespace sluice;
using namespace sluice::authorize;

config::store store_of(const origin::store_kind& kind, const std::string& name, const std::string& bucket,
                       const std::string& prefix = "") {
    config::store s;
    s.kind = &kind;
    s.name = name;
    s.bucket = bucket;
    s.prefix = prefix;
    return s;
}

store_location s3(const std::string& name, const std::string& bucket, const std::string& prefix = "") {
    return location_of(store_of(origin::s3_kind(), name, bucket, prefix));
}

store_location local(const std::string& name, const std::string& root, const std::string& prefix = "") {
    auto s = store_of(origin::local_kind(), name, "", prefix);
    s.root = root;
    return location_of(s);
}

const std::vector<store_location> places{s3("up", "media"), local("disk", "/srv/data"), s3("pre", "other", "a/b/"),
                                         local("sub", "/mnt", "pub/")};

std::string written(const std::optional<object_ref>& place) {
    return place ? std::to_string(place->store) + ":" + place->key : "none";
}

std::string uri(std::string_view text, std::optional<std::size_t> own = {}) {
    return written(object_from_uri(text, places, own));
}

std::string header(std::string_view value, std::optional<std::size_t> own = {}) {
    return written(object_from_header(value, places, own, path_meaning::location));
}

} // namespace

BOOST_AUTO_TEST_SUITE(object_uri)

BOOST_AUTO_TEST_CASE(s3_uris) {
    BOOST_TEST(uri("s3://media/a.mp4") == "0:a.mp4");
    BOOST_TEST(uri("s3://media/p/q/a.mp4") == "0:p/q/a.mp4");
    // Raw: nothing is decoded, nothing ends the key.
    BOOST_TEST(uri("s3://media/u_My video #1?.mp4") == "0:u_My video #1?.mp4");
    BOOST_TEST(uri("s3://media/100%+20%2F%zz&=\\;") == "0:100%+20%2F%zz&=\\;");
    BOOST_TEST(uri("s3://media/%2e%2e/x") == "0:%2e%2e/x");
    BOOST_TEST(uri("s3://media/\xc3\xbc\xf0\x9f\x98\x80") == "0:\xc3\xbc\xf0\x9f\x98\x80");
    BOOST_TEST(uri("s3://media/a://b") == "0:a://b");
    BOOST_TEST(uri("s3://media/...") == "0:...");
    BOOST_TEST(uri("s3://media/a..b/.c") == "0:a..b/.c");
    for (const auto* text : {"s3://media", "s3://media/", "s3://medi/a", "s3://media2/a", "s3://MEDIA/a",
                             "S3://media/a", "s3:/media/a", "s3:media/a", "s3://", "s3:///a", "s3://x@media/a",
                             "s3://media:80/a", "s3://media.s3/a", " s3://media/a", "gs://media/a", "https://media/a",
                             "file:///srv/data/a", "https://media.s3.amazonaws.com/a", "x/s3://media/a"}) {
        BOOST_TEST(uri(text) == "none", text);
    }
}

BOOST_AUTO_TEST_CASE(uris_of_other_clouds) {
    config::store azure = store_of(origin::azure_kind(), "blobs", "files");
    azure.account = "acct";
    config::store emulated = azure;
    emulated.name = "emulated";
    emulated.endpoint = config::url{false, "127.0.0.1", 10000, "/devstoreaccount1"};
    const auto gcs = store_of(origin::gcs_kind(), "goog", "media", "up/");
    const std::vector<store_location> clouds{location_of(gcs), location_of(azure), location_of(emulated)};
    const auto place = [&](std::string_view text) { return written(object_from_uri(text, clouds, {})); };
    BOOST_TEST(place("gs://media/up/a #1?.mp4") == "0:up/a #1?.mp4");
    BOOST_TEST(place("https://acct.blob.core.windows.net/files/p/a%20b.mp4") == "1:p/a%20b.mp4");
    // What comes of an endpoint that ends in "/".
    BOOST_TEST(place("https://acct.blob.core.windows.net//files/a") == "1:a");
    BOOST_TEST(place("http://127.0.0.1:10000/devstoreaccount1/files/a") == "2:a");
    for (const auto* text :
         {"gs://media/a", "gs://media2/up/a", "s3://media/up/a", "gs://media/up/", "gs://media/up/../a",
          "https://acct.blob.core.windows.net/other/a", "https://acct.blob.core.windows.net/files",
          "https://acct.blob.core.windows.net/files/", "https://acct.blob.core.windows.net///files/a",
          "https://acct.blob.core.windows.net/files//a", "https://acct.blob.core.windows.net.evil/files/a",
          "http://acct.blob.core.windows.net/files/a", "https://x@acct.blob.core.windows.net/files/a",
          "https://acct.blob.core.windows.net:443/files/a", "http://127.0.0.1:10000/files/a"}) {
        BOOST_TEST(place(text) == "none", text);
    }
    const auto named = [&](std::string_view text) {
        return written(object_from_header(text, clouds, {}, path_meaning::location));
    };
    BOOST_TEST(named("gs://media/up/a%20b") == "0:up/a%20b"); // a URI is literal
    BOOST_TEST(named("/goog/up/a%20b") == "0:up/a b");
    BOOST_TEST(named("/blobs/a") == "1:a");
}

BOOST_AUTO_TEST_CASE(unsafe_keys) {
    for (const std::string key : {".", "..", "../a", "a/..", "a/../b", "a/./b", "./a", "/../a", "a//.", "a\nb", "a\rb",
                                  "a\x7f", "\x1b", "\xff", "a\xc0\xaf"}) {
        BOOST_TEST(!is_safe_key(key, key_form::flat), key);
        BOOST_TEST(!is_safe_key(key, key_form::tree), key);
        BOOST_TEST(uri("s3://media/" + key) == "none", key);
        BOOST_TEST(uri("/srv/data/" + key) == "none", key);
        BOOST_TEST(uri(key, 0) == "none", key);
        BOOST_TEST(header("s3://media/" + key) == "none", key);
        BOOST_TEST(header("/up/" + key) == "none", key);
    }
    for (const auto form : {key_form::flat, key_form::tree}) {
        BOOST_TEST(!is_safe_key(std::string_view("a\0b", 3), form));
        BOOST_TEST(!is_safe_key("", form));
        BOOST_TEST(is_safe_key(std::string(1024, 'k'), form));
        BOOST_TEST(!is_safe_key(std::string(1025, 'k'), form));
    }
    BOOST_TEST(uri("s3://media/" + std::string(1024, 'k')) == "0:" + std::string(1024, 'k'));
    BOOST_TEST(uri("s3://media/" + std::string(1025, 'k')) == "none");
}

BOOST_AUTO_TEST_CASE(empty_segments_are_part_of_flat_keys) {
    const std::vector<store_location> both{
        s3("up", "media"), location_of(store_of(origin::gcs_kind(), "goog", "media")), s3("pre", "other", "/up/")};
    for (const std::string key : {"/a", "a//b", "a/", "//", "/"}) {
        BOOST_TEST(is_safe_key(key, key_form::flat), key);
        BOOST_TEST(!is_safe_key(key, key_form::tree), key);
        BOOST_TEST(written(object_from_uri("s3://media/" + key, both, {})) == "0:" + key);
        BOOST_TEST(written(object_from_uri("gs://media/" + key, both, {})) == "1:" + key);
        BOOST_TEST(written(object_from_header("/up/" + key, both, {}, path_meaning::location)) == "0:" + key);
        BOOST_TEST(uri("/srv/data/" + key) == "none", key);
    }
    BOOST_TEST(written(object_from_uri("a//b", both, 0)) == "0:a//b");
    BOOST_TEST(written(object_from_uri("/a", both, 0)) == "none"); // a path, and no store is local
    BOOST_TEST(written(object_from_uri("s3://other//up/a", both, {})) == "2:/up/a");
    BOOST_TEST(written(object_from_uri("s3://other/up/a", both, {})) == "none");
    BOOST_TEST(written(object_from_uri("s3://other//up/", both, {})) == "none");
}

BOOST_AUTO_TEST_CASE(local_paths) {
    BOOST_TEST(uri("/srv/data/u_a b#?.mp4") == "1:u_a b#?.mp4");
    BOOST_TEST(uri("/srv/data/a/b") == "1:a/b");
    for (const auto* text :
         {"/srv/data", "/srv/data/", "/srv/dat/a", "/srv/database/a", "/srv/data2/a", "/etc/passwd", "srv/data/a",
          "/srv/data/../x", "//srv/data/a", "/srv//data/a", "/", "/app/backend/data/uploads/a"}) {
        BOOST_TEST(uri(text) == "none", text);
        BOOST_TEST(uri(text, 1) == (std::string_view(text) == "srv/data/a" ? "1:srv/data/a" : "none"), text);
    }
    config::store settings = store_of(origin::local_kind(), "d", "", "p/");
    settings.root = "/srv//";
    const std::vector<store_location> one{location_of(settings)};
    BOOST_TEST(one[0].shown == "/srv/p/");
    BOOST_TEST(one[0].name == "d");
    BOOST_TEST(written(object_from_uri("/srv/p/a", one, {})) == "0:p/a");
    BOOST_TEST(written(object_from_uri("/srv/a", one, {})) == "none");
    settings.root = "/";
    settings.prefix = "";
    const std::vector<store_location> all{location_of(settings)};
    BOOST_TEST(written(object_from_uri("/etc/a", all, {})) == "0:etc/a");
    // A root that is relative is no beginning of a path from the app, nor is none.
    for (const auto* root : {"", "media"}) {
        const std::vector<store_location> odd{local("d", root)};
        BOOST_TEST(written(object_from_uri("/a", odd, {})) == "none");
        BOOST_TEST(written(object_from_uri("media/a", odd, {})) == "none");
    }
}

BOOST_AUTO_TEST_CASE(files_that_a_header_names) {
    for (const auto* name : {"X-Sendfile", "x-sendfile", "X_Sendfile"}) {
        BOOST_TEST((meaning_of_field(name) == path_meaning::file), name);
    }
    for (const auto* name : {"X-Accel-Redirect", "X-Sendfile-Type", "X-Send"}) {
        BOOST_TEST((meaning_of_field(name) == path_meaning::location), name);
    }
    const auto file = [](std::string_view value) {
        return written(object_from_header(value, places, {}, path_meaning::file));
    };
    BOOST_TEST(file("/srv/data/a%20b?#.mp4") == "1:a%20b?#.mp4"); // literal
    BOOST_TEST(file("/srv/data/a:/b") == "1:a:/b");
    BOOST_TEST(header("/srv/data/a.mp4") == "none");
    // What lies elsewhere is read as from any other field.
    BOOST_TEST(file("s3://media/a%20b") == "0:a%20b");
    BOOST_TEST(file("/up/a%20b") == "0:a b");
    for (const auto* text : {"/srv/data", "/srv/data/", "/srv/data/../x", "/srv/data/./x", "/srv/data//x", "/srv/dat/x",
                             "/srv/data2/x", "srv/data/x", "/mnt/x", "/mnt/pub/", "/etc/passwd", "/up/a?b"}) {
        BOOST_TEST(file(text) == "none", text);
    }
    // A root wins over a store that is called like its first segment, also where the file may not be served.
    const std::vector<store_location> both{s3("mnt", "media"), local("disk", "/mnt", "pub/")};
    const auto of_both = [&both](std::string_view value) {
        return written(object_from_header(value, both, {}, path_meaning::file));
    };
    BOOST_TEST(of_both("/mnt/pub/a") == "1:pub/a");
    BOOST_TEST(of_both("/mnt/a") == "none");
}

BOOST_AUTO_TEST_CASE(stores_that_have_an_internal_path) {
    auto films = store_of(origin::s3_kind(), "films", "media", "a/");
    films.internal = "/protected/";
    auto disk = store_of(origin::local_kind(), "disk", "");
    disk.root = "/srv";
    disk.internal = "/int/disk/";
    const std::vector<store_location> all{location_of(films), location_of(disk), s3("plain", "other")};
    const auto place = [&all](std::string_view value) {
        return written(object_from_header(value, all, {}, path_meaning::location));
    };
    BOOST_TEST(place("/protected/a/b%20c.mp4") == "0:a/b c.mp4");
    BOOST_TEST(place("/films/a/b") == "0:a/b");
    BOOST_TEST(place("/int/disk/x%2541") == "1:x%41");
    BOOST_TEST(place("/disk/x") == "1:x");
    BOOST_TEST(place("/plain/x") == "2:x");
    for (const auto* text : {"/protected/b", "/protected/", "/protected", "/protected/a/../b", "/protected/a/b?x",
                             "/Protected/a/b", "/%70rotected/a/b", "/int/x", "/int/disk/../x", "//protected/a/b"}) {
        BOOST_TEST(place(text) == "none", text);
    }
}

BOOST_AUTO_TEST_CASE(bare_keys) {
    BOOST_TEST(uri("a/b.mp4") == "none");
    BOOST_TEST(uri("a/b.mp4", 0) == "0:a/b.mp4");
    BOOST_TEST(uri("a#?%2F+ b", 1) == "1:a#?%2F+ b");
    BOOST_TEST(uri("a/b/c", 2) == "2:a/b/c");
    BOOST_TEST(uri("a/x/c", 2) == "none");
    BOOST_TEST(uri("", 0) == "none");
    BOOST_TEST(uri("/a", 0) == "none");
    BOOST_TEST(uri("gs://b/k", 0) == "none");
    BOOST_TEST(uri("http://h/k", 0) == "none");
    BOOST_TEST(uri("a:b", 0) == "0:a:b");
    BOOST_TEST(uri("a", 99) == "none"); // no such store
}

BOOST_AUTO_TEST_CASE(prefixes) {
    BOOST_TEST(uri("s3://other/a/b/c") == "2:a/b/c");
    for (const auto* text :
         {"s3://other/a/b/", "s3://other/a/b", "s3://other/a/bc", "s3://other/c", "s3://other/A/b/c"}) {
        BOOST_TEST(uri(text) == "none", text);
    }
    BOOST_TEST(uri("/mnt/pub/a") == "3:pub/a");
    BOOST_TEST(uri("/mnt/private/a") == "none");
}

BOOST_AUTO_TEST_CASE(two_stores_of_one_place) {
    const std::vector<store_location> two{s3("one", "media"), s3("two", "media"), s3("three", "media", "x/")};
    BOOST_TEST(written(object_from_uri("s3://media/a", two, {})) == "none");
    BOOST_TEST(written(object_from_uri("s3://media/a", two, 1)) == "1:a");
    BOOST_TEST(written(object_from_uri("s3://media/a", two, 2)) == "none"); // its prefix says no, the others both yes
    BOOST_TEST(written(object_from_uri("s3://media/x/a", two, {})) == "none"); // three could be meant
    BOOST_TEST(written(object_from_uri("s3://media/x/a", two, 2)) == "2:x/a");
    const std::vector<store_location> apart{s3("one", "media", "x/"), s3("two", "media", "y/")};
    BOOST_TEST(written(object_from_uri("s3://media/x/a", apart, {})) == "0:x/a");
    BOOST_TEST(written(object_from_uri("s3://media/y/a", apart, {})) == "1:y/a");
    BOOST_TEST(written(object_from_uri("s3://media/z/a", apart, {})) == "none");
    BOOST_TEST(written(object_from_uri("s3://media/x/a", {}, {})) == "none");
}

BOOST_AUTO_TEST_CASE(header_fields) {
    BOOST_TEST(header("s3://media/a%20b?c#d") == "0:a%20b?c#d"); // literal
    BOOST_TEST(header("/up/a/b.mp4") == "0:a/b.mp4");
    BOOST_TEST(header("/disk/a%20b%23%3F%25.mp4") == "1:a b#?%.mp4");
    BOOST_TEST(header("/up/a+b") == "0:a+b");
    BOOST_TEST(header("/up/a%2520") == "0:a%20"); // once
    BOOST_TEST(header("/up/a%2Fb") == "0:a/b");
    BOOST_TEST(header("/up/%C3%BC") == "0:\xc3\xbc");
    BOOST_TEST(header("/pre/a/b/c") == "2:a/b/c");
    for (const auto* value : {"",
                              "/",
                              "/up",
                              "/up/",
                              "up/a",
                              "/down/a",
                              "/UP/a",
                              "/u%70/a",
                              "//up/a",
                              "/up/a%",
                              "/up/a%2",
                              "/up/a%zz",
                              "/up/%2e%2e/a",
                              "/up/a/%2E%2E",
                              "/up/%2F..",
                              "/up/a%2F%2F.",
                              "/up/a%00",
                              "/up/a%0d%0aX",
                              "/up/a%ff",
                              "/up/a?b",
                              "/up/../disk/a",
                              "/pre/c",
                              "/pre/a/b/",
                              "http://h/up/a",
                              "s3://nobody/a",
                              "/srv/data/a",
                              "gs://media/a"}) {
        BOOST_TEST(header(value) == "none", value);
    }
    BOOST_TEST(header("/up/" + std::string(1024, 'k')) == "0:" + std::string(1024, 'k'));
    BOOST_TEST(header("/up/" + std::string(1025, 'k')) == "none");
}

BOOST_AUTO_TEST_SUITE_END()
