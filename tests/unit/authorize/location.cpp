#include <sluice/authorize/location.hpp>
#include <sluice/config/address.hpp>
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

struct settings {
    std::string endpoint{};
    std::string prefix{};
    std::vector<std::string> aliases{};
    std::string region{};
};

store_location place_of(const origin::store_kind& kind, const std::string& bucket, const settings& with = {}) {
    config::store s;
    s.kind = &kind;
    s.name = "s";
    s.bucket = bucket;
    s.prefix = with.prefix;
    s.region = with.region;
    if (&kind == &origin::azure_kind()) {
        s.account = "acct";
    }
    if (!with.endpoint.empty()) {
        s.endpoint = *config::parse_base_url(with.endpoint);
    }
    for (const auto& alias : with.aliases) {
        s.aliases.push_back(*config::parse_base_url(alias));
    }
    return location_of(s);
}

std::string_view text_of(not_followed why) {
    switch (why) {
    case not_followed::elsewhere:
        return "elsewhere";
    case not_followed::ambiguous:
        return "ambiguous";
    case not_followed::malformed:
        return "malformed";
    case not_followed::encoded_slash:
        return "encoded_slash";
    case not_followed::other_bytes:
        return "other_bytes";
    }
    return "";
}

/// `store:key`, with `@` at an alias; or why not.
std::string read(std::string_view url, const std::vector<store_location>& stores) {
    const auto got = read_location(url, stores);
    if (!got.found) {
        return std::string(text_of(got.why));
    }
    return (got.found->at_alias ? "@" : "") + std::to_string(got.found->object.store) + ":" + got.found->object.key;
}

const std::vector<store_location> minio{place_of(origin::s3_kind(), "media", {"http://minio.local:9000"})};

} // namespace

BOOST_AUTO_TEST_SUITE(location)

BOOST_AUTO_TEST_CASE(spellings_of_a_servers_own_endpoint) {
    for (const auto* url : {"http://minio.local:9000/media/a/b.mp4", "http://MINIO.Local:9000/media/a/b.mp4",
                            "HTTP://minio.local:9000/media/a/b.mp4", "http://media.minio.local:9000/a/b.mp4",
                            "http://Media.minio.local:9000/a/b.mp4", "http://minio.local:9000/media/a/b%2Emp4",
                            "http://minio.local:9000/medi%61/a/b.mp4", "http://minio.local:09000/media/a/b.mp4"}) {
        BOOST_TEST(read(url, minio) == "0:a/b.mp4", url);
    }
    const std::vector<store_location> plain{place_of(origin::s3_kind(), "media", {"http://minio.local"})};
    BOOST_TEST(read("http://minio.local/media/a", plain) == "0:a");
    BOOST_TEST(read("http://minio.local:80/media/a", plain) == "0:a");
    BOOST_TEST(read("http://minio.local:443/media/a", plain) == "elsewhere");
    BOOST_TEST(read("https://minio.local/media/a", plain) == "elsewhere");
    BOOST_TEST(read("https://minio.local:80/media/a", plain) == "elsewhere");
    const std::vector<store_location> based{place_of(origin::s3_kind(), "media", {"https://[2001:DB8::1]:9000/s3"})};
    BOOST_TEST(read("https://[2001:db8:0::1]:9000/s3/media/a", based) == "0:a");
    BOOST_TEST(read("https://[2001:db8::1]:9000/media/a", based) == "elsewhere");
    BOOST_TEST(read("https://2001:db8::1:9000/s3/media/a", based) == "malformed");
}

BOOST_AUTO_TEST_CASE(spellings_of_the_clouds) {
    const std::vector<store_location> clouds{
        place_of(origin::s3_kind(), "media", {.region = "eu-central-1"}),
        place_of(origin::gcs_kind(), "goog"),
        place_of(origin::azure_kind(), "files"),
        place_of(origin::azure_kind(), "files", {"http://127.0.0.1:10000/devstoreaccount1"}),
        place_of(origin::s3_kind(), "Old_Bucket", {.region = "us-east-1"}),
        place_of(origin::s3_kind(), "my.bucket", {.region = "us-east-1"})};
    for (const auto* host : {"s3.eu-central-1", "s3.dualstack.eu-central-1", "s3-fips.eu-central-1",
                             "s3-fips.dualstack.eu-central-1", "s3-eu-central-1", "s3", "s3-accelerate"}) {
        const std::string tail = std::string(host) + ".amazonaws.com";
        BOOST_TEST(read("https://" + tail + "/media/a", clouds) == "0:a", host);
        BOOST_TEST(read("https://media." + tail + "/a", clouds) == "0:a", host);
        BOOST_TEST(read("https://MEDIA." + tail + ":443/a", clouds) == "0:a", host);
        BOOST_TEST(read("http://media." + tail + "/a", clouds) == "elsewhere", host);
        BOOST_TEST(read("https://media." + tail + ".evil.com/a", clouds) == "elsewhere", host);
        BOOST_TEST(read("https://media." + tail + "./a", clouds) == "elsewhere", host);
        BOOST_TEST(read("https://evil-media." + tail + "/a", clouds) == "elsewhere", host);
        BOOST_TEST(read("https://evil." + tail + "/media/a", clouds) == "elsewhere", host);
    }
    BOOST_TEST(read("https://media.s3.us-west-2.amazonaws.com/a", clouds) == "elsewhere");
    const std::vector<store_location> gov{place_of(origin::s3_kind(), "media", {.region = "us-gov-west-1"})};
    BOOST_TEST(read("https://media.s3.us-gov-west-1.amazonaws.com/a", gov) == "0:a");
    for (const auto* host : {"s3", "s3-accelerate", "s3-accelerate.dualstack"}) { // of another partition
        BOOST_TEST(read("https://media." + std::string(host) + ".amazonaws.com/a", gov) == "elsewhere", host);
    }
    BOOST_TEST(read("https://storage.googleapis.com/goog/a%20b", clouds) == "1:a b");
    BOOST_TEST(read("https://goog.storage.googleapis.com/a+b", clouds) == "1:a+b");
    BOOST_TEST(read("https://storage.cloud.google.com/goog/a", clouds) == "elsewhere");
    BOOST_TEST(read("https://acct.blob.core.windows.net/files/p/a%20b", clouds) == "2:p/a b");
    BOOST_TEST(read("https://Acct.Blob.core.windows.net/files/p", clouds) == "2:p");
    BOOST_TEST(read("https://other.blob.core.windows.net/files/p", clouds) == "elsewhere");
    BOOST_TEST(read("http://127.0.0.1:10000/devstoreaccount1/files/a", clouds) == "3:a");
    BOOST_TEST(read("https://s3.amazonaws.com/Old_Bucket/a", clouds) == "4:a");
    BOOST_TEST(read("https://s3.amazonaws.com/old_bucket/a", clouds) == "elsewhere");
    BOOST_TEST(read("https://old_bucket.s3.amazonaws.com/a", clouds) == "elsewhere");
    BOOST_TEST(read("https://my.bucket.s3.amazonaws.com/a", clouds) == "5:a");
    // AWS takes it for a space, others for a plus.
    BOOST_TEST(read("https://media.s3.amazonaws.com/a+b", clouds) == "malformed");
    BOOST_TEST(read("https://media.s3.amazonaws.com/a%2Bb", clouds) == "0:a+b");
    BOOST_TEST(read("http://minio.local:9000/media/a+b", minio) == "0:a+b");
    const std::vector<store_location> china{place_of(origin::s3_kind(), "media", {.region = "cn-north-1"})};
    BOOST_TEST(read("https://media.s3.cn-north-1.amazonaws.com.cn/a", china) == "0:a");
    BOOST_TEST(read("https://media.s3.cn-north-1.amazonaws.com/a", china) == "elsewhere");
    const std::vector<store_location> named{place_of(
        origin::s3_kind(), "media", {.endpoint = "https://s3.eu-west-1.amazonaws.com", .region = "eu-west-1"})};
    BOOST_TEST(read("https://media.s3.amazonaws.com/a", named) == "0:a");
}

BOOST_AUTO_TEST_CASE(a_google_cloud_of_its_own) {
    config::store s;
    s.kind = &origin::gcs_kind();
    s.bucket = "bkt";
    const std::vector<store_location> own{location_of(s, "storage.apis.example/bkt")};
    BOOST_TEST(read("https://storage.apis.example/bkt/a", own) == "0:a");
    BOOST_TEST(read("https://bkt.storage.apis.example/a", own) == "0:a");
    // There a bucket of the same name is somebody else's.
    BOOST_TEST(read("https://storage.googleapis.com/bkt/a", own) == "elsewhere");
    BOOST_TEST(read("https://bkt.storage.googleapis.com/a", own) == "elsewhere");
}

BOOST_AUTO_TEST_CASE(attacks) {
    for (const auto* url : {"http://minio.local:9000/mediaX/a",
                            "http://minio.local:9000/medi/a",
                            "http://minio.local:9000/media",
                            "http://minio.local:9000/media/",
                            "http://minio.local:9000/MEDIA/a",
                            "http://minio.local:9000//media/a",
                            "http://minio.local:9000/other/media/a",
                            "http://minio.local/media/a",
                            "http://minio.local:9001/media/a",
                            "http://minio.local.evil.com:9000/media/a",
                            "http://evilminio.local:9000/media/a",
                            "http://x.media.minio.local:9000/a",
                            "http://minio.local.:9000/media/a",
                            "//minio.local:9000/media/a",
                            "/media/a",
                            "ftp://minio.local:9000/media/a",
                            "s3://media/a",
                            "",
                            "http:",
                            "http:/minio.local:9000/media/a",
                            "https//minio.local:9000/media/a",
                            " http://minio.local:9000/media/a"}) {
        BOOST_TEST(read(url, minio) == "elsewhere", url);
    }
    for (const auto* url : {"http://user@minio.local:9000/media/a",
                            "http://user:pw@minio.local:9000/media/a",
                            "http://minio.local:9000@evil.com/media/a",
                            "http://evil.com\\@minio.local:9000/media/a",
                            "http://minio.local:9000\\media/a",
                            "http://minio.local:9000/media/a\\b",
                            "http://minio.local:9000/media/a#b",
                            "http://minio.local:9000#/media/a",
                            "http://minio.local:9000/media/../media/a",
                            "http://minio.local:9000/media/a/../b",
                            "http://minio.local:9000/media/./a",
                            "http://minio.local:9000/media/%2e%2e/a",
                            "http://minio.local:9000/media/a/%2E",
                            "http://minio.local:9000/media/a%",
                            "http://minio.local:9000/media/a%zz",
                            "http://minio.local:9000/media/a%00",
                            "http://minio.local:9000/media/a%0Ab",
                            "http://minio.local:9000/media/a%7f",
                            "http://minio.local:9000/media/a%ff",
                            "http://minio.local:9000/media/a b",
                            "http://minio.local:9000/media/a\tb",
                            "http://minio.local:9000/media/\xc3\xbc",
                            "http://minio.local:/media/a",
                            "http://minio.local:0/media/a",
                            "http://minio.local:65536/media/a",
                            "http://minio.local:9000x/media/a",
                            "http://minio%2elocal:9000/media/a",
                            "http:///media/a",
                            "http://minio.local:9000/media/a?%",
                            "http://minio.local:9000/media/a?x=%0a",
                            "http://minio.local:9000/media/a?x=%c2%85",
                            "http://minio.local:9000/media/a?x=%ff",
                            "http://minio.local:9000/media/a?x=1&x=2",
                            "http://minio.local:9000/media/a?x=1&X=2",
                            "http://minio.local:9000/media/a?x=1;y=2",
                            "http://minio.local:9000/media/a?x=1&",
                            "http://minio.local:9000/media/a?&x=1",
                            "http://minio.local:9000/media/a?=1"}) {
        BOOST_TEST(read(url, minio) == "malformed", url);
    }
    for (const auto* url : {"http://minio.local:9000/media/a%2Fb", "http://minio.local:9000/media/a%2fb",
                            "http://minio.local:9000/media%2Fa", "http://minio.local:9000/media/..%2F..%2Fother/b",
                            "http://minio.local:9000/media/a%5Cb", "http://minio.local:9000/media/a%5cb"}) {
        BOOST_TEST(read(url, minio) == "encoded_slash", url);
    }
    for (const auto* name : {"versionId", "VERSIONID", "versionid", "partNumber", "generation", "snapshot", "acl",
                             "uploadId", "torrent", "comp", "restype", "tagging", "version%49d"}) {
        BOOST_TEST(read(std::string("http://minio.local:9000/media/a?x-id=GetObject&") + name + "=1", minio) ==
                       "other_bytes",
                   name);
        BOOST_TEST(read(std::string("http://minio.local:9000/media/a?") + name, minio) == "other_bytes", name);
    }
    BOOST_TEST(read("http://minio.local:9000/media/a?x-id=GetObject&x-amz-checksum-mode=ENABLED", minio) == "0:a");
    BOOST_TEST(read("http://minio.local:9000/media/a?", minio) == "0:a");
    BOOST_TEST(read("http://minio.local:9000/media/a%252Fb", minio) == "0:a%2Fb"); // once
    BOOST_TEST(read("http://minio.local:9000/media/" + std::string(1024, 'k'), minio).size() == 1026);
    BOOST_TEST(read("http://minio.local:9000/media/" + std::string(1025, 'k'), minio) == "malformed");
    BOOST_TEST(read("http://minio.local:9000/media/a", {}) == "elsewhere");
}

BOOST_AUTO_TEST_CASE(prefixes_and_stores) {
    const std::vector<store_location> two{place_of(origin::s3_kind(), "media", {"http://h", "x/"}),
                                          place_of(origin::s3_kind(), "media", {"http://h", "y/"}),
                                          place_of(origin::s3_kind(), "media", {"http://h", "y/z/"})};
    BOOST_TEST(read("http://h/media/x/a", two) == "0:x/a");
    BOOST_TEST(read("http://h/media/y/a", two) == "1:y/a");
    BOOST_TEST(read("http://media.h/y/a", two) == "1:y/a");
    BOOST_TEST(read("http://h/media/y/z/a", two) == "ambiguous");
    BOOST_TEST(read("http://h/media/x/", two) == "elsewhere");
    BOOST_TEST(read("http://h/media/x", two) == "elsewhere");
    BOOST_TEST(read("http://h/media/a", two) == "elsewhere");
    BOOST_TEST(read("http://h/media/x/../a", two) == "malformed");
    // Flat keys may have empty segments, blobs none.
    BOOST_TEST(read("http://minio.local:9000/media//a", minio) == "0:/a");
    BOOST_TEST(read("http://minio.local:9000/media/a/", minio) == "0:a/");
    const std::vector<store_location> blobs{place_of(origin::azure_kind(), "files")};
    BOOST_TEST(read("https://acct.blob.core.windows.net/files//a", blobs) == "malformed");
    BOOST_TEST(read("https://acct.blob.core.windows.net/files/a/", blobs) == "malformed");
}

BOOST_AUTO_TEST_CASE(aliases) {
    const std::vector<store_location> stores{
        place_of(
            origin::s3_kind(), "media",
            {.endpoint = "http://minio:9000",
             .aliases = {"https://cdn.example.com", "https://files.example.com:8443/up", "http://minio:9000/media"}}),
        place_of(origin::s3_kind(), "thumbs", {.prefix = "t/", .aliases = {"https://cdn.example.com/thumbs"}}),
        place_of(origin::local_kind(), "", {.aliases = {"https://static.example.com/media"}})};
    BOOST_TEST(read("https://cdn.example.com/a/b%20c", stores) == "@0:a/b c");
    BOOST_TEST(read("https://CDN.example.com:443/a", stores) == "@0:a");
    BOOST_TEST(read("https://files.example.com:8443/up/a", stores) == "@0:a");
    BOOST_TEST(read("https://static.example.com/media/a", stores) == "@2:a");
    BOOST_TEST(read("http://minio:9000/media/a", stores) == "0:a"); // its endpoint too
    for (const auto* url : {"http://cdn.example.com/a", "https://cdn.example.com/", "https://cdn.example.com",
                            "https://files.example.com:8443/upper/a", "https://files.example.com:8443/up",
                            "https://files.example.com/up/a", "https://files.example.com:8443/UP/a",
                            "https://x.cdn.example.com/a", "https://media.cdn.example.com/a"}) {
        BOOST_TEST(read(url, stores) == "elsewhere", url);
    }
    // The longest place counts, also where its prefix says no: the server behind it has another bucket there.
    BOOST_TEST(read("https://cdn.example.com/thumbs/t/a", stores) == "@1:t/a");
    BOOST_TEST(read("https://cdn.example.com/thumbs/a", stores) == "elsewhere");
    BOOST_TEST(read("https://cdn.example.com/thumbsX/a", stores) == "@0:thumbsX/a");
    BOOST_TEST(read("https://cdn.example.com/thumbs%2Ft/a", stores) == "encoded_slash");
    BOOST_TEST(read("https://cdn.example.com/x/../thumbs/t/a", stores) == "malformed");
}

BOOST_AUTO_TEST_CASE(parts_of_what_is_found) {
    const auto got = read_location("http://MINIO.local:9000/media/a%20b?response-content-type=video%2Fmp4&"
                                   "response-content-disposition=attachment%3B+filename%3D%22%C3%BC.mp4%22&rsct=x&S=1",
                                   minio);
    BOOST_REQUIRE(got.found);
    BOOST_TEST(got.found->authority == "MINIO.local:9000");
    BOOST_TEST(got.found->host_field == "minio.local:9000");
    BOOST_TEST(got.found->path == "/media/a%20b");
    BOOST_TEST(got.found->query.starts_with("response-content-type=video%2Fmp4&"));
    BOOST_TEST(got.found->query.ends_with("&S=1"));
    BOOST_TEST(!got.found->tls);
    BOOST_TEST(got.found->content_type == "video/mp4");
    BOOST_TEST(got.found->content_disposition == "attachment; filename=\"\xc3\xbc.mp4\"");
    const std::vector<store_location> blobs{place_of(origin::azure_kind(), "files")};
    const auto blob = read_location(
        "https://acct.blob.core.windows.net:443/files/a?rsct=a%2Fb&rscd=inline&response-content-type=c", blobs);
    BOOST_REQUIRE(blob.found);
    BOOST_TEST(blob.found->host_field == "acct.blob.core.windows.net");
    BOOST_TEST(blob.found->content_type == "a/b");
    BOOST_TEST(blob.found->content_disposition == "inline");
}

BOOST_AUTO_TEST_CASE(urls_that_only_the_app_can_say) {
    const std::vector<store_location> two{place_of(origin::s3_kind(), "media", {"http://h"}),
                                          place_of(origin::s3_kind(), "media", {"http://h"})};
    const auto named = [&](std::string_view url, std::optional<std::size_t> own) {
        const auto got = object_from_url(url, two, own);
        return got ? std::to_string(got->store) + ":" + got->key : "none";
    };
    BOOST_TEST(named("http://h/media/a%20b?X-Amz-Signature=0", 1) == "1:a b");
    BOOST_TEST(named("http://h/media/a", 0) == "0:a");
    BOOST_TEST(named("http://h/media/a", {}) == "none");
    BOOST_TEST(named("http://h/media/a", 9) == "none");
    BOOST_TEST(named("http://h/media/a%2Fb", 1) == "none");
    BOOST_TEST(named("http://h/media/a?versionId=1", 1) == "none");
    BOOST_TEST(named("s3://media/a", 1) == "none");
}

BOOST_AUTO_TEST_CASE(urls_in_paths) {
    const auto url = [](std::string_view value, std::string_view prefix = "/file_download/{scheme}/{host}/{rest*}") {
        return url_in_path(value, prefix).value_or("none");
    };
    BOOST_TEST(url("/file_download/https/h:8443/a/b%20c?d=/e&f=%2F") == "https://h:8443/a/b%20c?d=/e&f=%2F");
    BOOST_TEST(url("/file_download/http/h/") == "http://h/");
    BOOST_TEST(url("/file_download/https/h//a") == "https://h//a");
    for (const auto* value :
         {"", "/", "/file_download", "/file_download/https/h", "/file_download/https", "/file_downloads/https/h/a",
          "file_download/https/h/a", "/x/file_download/https/h/a", "/File_download/https/h/a", "https://h/a"}) {
        BOOST_TEST(url(value) == "none", value);
        BOOST_TEST(url(value, "") == "none", value);
    }
    BOOST_TEST(url("/h/x/https/a", "/{host}/x/{scheme}/{rest*}") == "https://h/a");
    BOOST_TEST(url("/h/y/https/a", "/{host}/x/{scheme}/{rest*}") == "none");
    // What comes of an odd host is no URL of a store.
    BOOST_TEST(read(url("/file_download/http/minio.local:9000/media/a?x=1"), minio) == "0:a");
    for (const auto* value :
         {"/file_download/http/minio.local:9000?/media/a", "/file_download/http//minio.local:9000/media/a",
          "/file_download/http:/minio.local:9000/media/a", "/file_download//minio.local:9000/media/a",
          "/file_download/http/u@minio.local:9000/media/a"}) {
        BOOST_TEST(!read_location(url(value), minio).found, value);
    }
}

BOOST_AUTO_TEST_CASE(who_may_be_asked) {
    const std::vector<store_location> stores{
        place_of(origin::s3_kind(), "media", {.aliases = {"https://cdn.example.com"}}), minio.front(),
        place_of(origin::azure_kind(), "files"),
        place_of(origin::gcs_kind(), "b", {.endpoint = "https://storage.googleapis.com"})};
    const auto may = [&](std::string_view url) {
        const auto got = read_location(url, stores);
        return got.found && may_ask_store(*got.found, stores[got.found->object.store]);
    };
    BOOST_TEST(may("https://media.s3.us-east-1.amazonaws.com/a"));
    BOOST_TEST(may("https://acct.blob.core.windows.net/files/a"));
    BOOST_TEST(may("https://storage.googleapis.com/b/a"));
    BOOST_TEST(!may("https://cdn.example.com/a"));
    BOOST_TEST(!may("http://minio.local:9000/media/a"));
}

BOOST_AUTO_TEST_SUITE_END()
