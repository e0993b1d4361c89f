#include <sluice/http/media_type.hpp>

#include <boost/test/unit_test.hpp>

using sluice::http::is_compressible_type;
using sluice::http::media_type_of_name;

BOOST_AUTO_TEST_SUITE(media_type)

BOOST_AUTO_TEST_CASE(by_ending) {
    const auto is = [](std::string_view name, std::string_view type) {
        BOOST_TEST(media_type_of_name(name) == type, name << " is " << media_type_of_name(name));
    };
    is("a/b.c/x.MP4", "video/mp4");
    is("x.md", "text/markdown");
    is("x.zip", "application/zip");
    is("x.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document");
    is("x.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
    is("x.pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation");
    is("x.m3u8", "application/vnd.apple.mpegurl");
    is("x.mpd", "application/dash+xml");
    is("x.m4s", "video/iso.segment");
    is("x.ts", "video/mp2t");
    is("x.vtt", "text/vtt");
    is("x.opus", "audio/ogg");
    is("x.webm", "video/webm");
    is("x.avif", "image/avif");
    is("x.flac", "audio/flac");
    is("first of the table.3g2", "audio/3gpp2");
    is("last of the table.zip", "application/zip");
}

BOOST_AUTO_TEST_CASE(as_pythons_mimetypes) {
    const auto is = [](std::string_view name, std::string_view type) {
        BOOST_TEST(media_type_of_name(name) == type, name << " is " << media_type_of_name(name));
    };
    is("x.tar.gz", "application/x-tar");
    is("x.TGZ", "application/x-tar");
    is("x.tar.bz2", "application/x-tar");
    is("x.txz", "application/x-tar");
    is("x.svgz", "image/svg+xml");
    is("x.json.br", "application/json");
    is("x.txt.Z", "text/plain");
    is("x.txt.z", "");
    is("x.txt.gz.gz", "application/gzip");
    is("x.gz", "");
    is("x.tar.GZ", "application/gzip"); // encodings go by their case
    is(".mp4", "");
    is("..mp4", "");
    is("a.mp4/..mp4", "");
    is("x.", "");
    is("x", "");
    is("", "");
    is("x.mp4 ", "");
    is("x.mp4/", "");
}

BOOST_AUTO_TEST_CASE(compressible) {
    for (const auto* type : {"text/plain", "text/plain; charset=utf-8", "TEXT/HTML", "application/json ;x",
                             "image/svg+xml", "text/vtt", "application/atom+xml", "text/xml"}) {
        BOOST_TEST(is_compressible_type(type), type);
    }
    for (const auto* type : {"", "text", "text/", "text/plain, text/plain", "video/mp4", "application/pdf", "image/png",
                             "text/event-stream", "application/zip", "text/plainx"}) {
        BOOST_TEST(!is_compressible_type(type), type);
    }
    BOOST_TEST(!is_compressible_type(std::string(1000, 'x')));
}

BOOST_AUTO_TEST_SUITE_END()
