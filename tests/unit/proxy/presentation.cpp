#include <sluice/http/fields.hpp>
#include <sluice/proxy/presentation.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using sluice::proxy::open_webui_presentation;

using text = std::optional<std::string>;

/// `type | disposition` of a file whose `meta.name` is `name`.
std::string shown(const std::string& name, const text& type, std::string_view query = "") {
    const auto p = open_webui_presentation(query, name, "other.bin", type);
    if (!p) {
        return "none";
    }
    BOOST_TEST(sluice::http::is_field_value(p->content_type));
    BOOST_TEST(sluice::http::is_field_value(p->content_disposition));
    return p->content_type + " | " + p->content_disposition;
}

} // namespace

BOOST_AUTO_TEST_SUITE(presentation)

BOOST_AUTO_TEST_CASE(dispositions) {
    BOOST_TEST(shown("a.mp4", "video/mp4") == "video/mp4 | attachment; filename*=UTF-8''a.mp4");
    BOOST_TEST(shown("a.mp4", "video/mp4", "attachment=false") == "video/mp4 | attachment; filename*=UTF-8''a.mp4");
    BOOST_TEST(shown("a.mp4", "video/mp4", "attachment=true") == "video/mp4 | attachment; filename*=UTF-8''a.mp4");
    BOOST_TEST(shown("a.txt", "text/plain") == "text/plain; charset=utf-8 | ");
    BOOST_TEST(shown("a.txt", "text/plain", "attachment=true") ==
               "text/plain; charset=utf-8 | attachment; filename*=UTF-8''a.txt");
    BOOST_TEST(shown("a", "application/pdf") == "application/pdf | inline; filename*=UTF-8''a");
    BOOST_TEST(shown("a.pdf", "text/html") == "application/pdf | inline; filename*=UTF-8''a.pdf");
    BOOST_TEST(shown("A.PDF", "text/plain") == "application/pdf | inline; filename*=UTF-8''A.PDF");
    BOOST_TEST(shown(".pdf", "x/y") == "application/pdf | inline; filename*=UTF-8''.pdf");
    BOOST_TEST(shown("a.pdf", "text/html", "attachment=true") ==
               "text/html; charset=utf-8 | attachment; filename*=UTF-8''a.pdf");
    BOOST_TEST(shown("a.html", "text/html") == "text/html; charset=utf-8 | attachment; filename*=UTF-8''a.html");
    BOOST_TEST(shown("a.svg", "image/svg+xml") == "image/svg+xml | attachment; filename*=UTF-8''a.svg");
    // The app compares the whole text.
    BOOST_TEST(shown("a", "text/plain; charset=latin-1") ==
               "text/plain; charset=latin-1 | attachment; filename*=UTF-8''a");
    BOOST_TEST(shown("a", "text/css; Charset=x") == "text/css; Charset=x | attachment; filename*=UTF-8''a");
    BOOST_TEST(shown("a", "Text/plain") == "Text/plain | attachment; filename*=UTF-8''a");
}

BOOST_AUTO_TEST_CASE(types_from_names) {
    const auto guess = [](const std::string& name) {
        const auto p = open_webui_presentation("attachment=true", name, {}, {});
        return p ? p->content_type : "none";
    };
    BOOST_TEST(guess("a.mp4") == "video/mp4");
    BOOST_TEST(guess("A.B.MP4") == "video/mp4");
    BOOST_TEST(guess("a.webm") == "video/webm");
    BOOST_TEST(guess("a.mkv") == "video/x-matroska");
    BOOST_TEST(guess("a.mp3") == "audio/mpeg");
    BOOST_TEST(guess("a.m4a") == "audio/mp4");
    BOOST_TEST(guess("a.wav") == "audio/x-wav");
    BOOST_TEST(guess("a.webp") == "image/webp");
    BOOST_TEST(guess("a.txt") == "text/plain; charset=utf-8");
    BOOST_TEST(guess("a.csv") == "text/csv; charset=utf-8");
    BOOST_TEST(guess("a.json") == "application/json");
    for (const auto* name : {"a", "a.", ".mp4", "a.mp4x", "a.exe", "", "mp4"}) {
        BOOST_TEST(guess(name) == "application/octet-stream", name);
    }
    // Without a type it is not text/plain to the app, whatever the name says.
    BOOST_TEST(shown("a.txt", {}) == "text/plain; charset=utf-8 | attachment; filename*=UTF-8''a.txt");
    BOOST_TEST(shown("a.txt", "") == "text/plain; charset=utf-8 | attachment; filename*=UTF-8''a.txt");
}

BOOST_AUTO_TEST_CASE(names) {
    const auto encoded = [](const std::string& name) {
        const auto p = open_webui_presentation("attachment=true", name, {}, "x/y");
        return p ? p->content_disposition.substr(std::string("attachment; filename*=UTF-8''").size()) : "none";
    };
    BOOST_TEST(encoded("AZaz09_.-~/") == "AZaz09_.-~/");
    BOOST_TEST(encoded(" !\"#$%&'()*+,:;<=>?@[\\]^`{|}") ==
               "%20%21%22%23%24%25%26%27%28%29%2A%2B%2C%3A%3B%3C%3D%3E%3F%40%5B%5C%5D%5E%60%7B%7C%7D");
    BOOST_TEST(encoded("\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80") == "%C3%BC%E2%82%AC%F0%9F%98%80");
    BOOST_TEST(encoded("a\r\nSet-Cookie: x\"; filename=y") == "a%0D%0ASet-Cookie%3A%20x%22%3B%20filename%3Dy");
    BOOST_TEST(encoded(std::string("a\0b", 3)) == "a%00b");
    BOOST_TEST(encoded("") == "");
    BOOST_TEST(encoded(std::string(4096, ' ')).size() == 3U * 4096U);
    BOOST_TEST(encoded(std::string(4097, 'a')) == "none");
    BOOST_TEST(encoded(std::string(20480, 'a')) == "none");
    BOOST_TEST(encoded("a\xff") == "none");
    BOOST_TEST(encoded("\xed\xa0\x80") == "none"); // a surrogate
    // meta.name, else filename; an empty one is a name.
    BOOST_TEST(open_webui_presentation("", {}, "f.pdf", {})->content_disposition == "inline; filename*=UTF-8''f.pdf");
    BOOST_TEST(open_webui_presentation("", "", "f.pdf", {})->content_disposition == "attachment; filename*=UTF-8''");
    BOOST_TEST(!open_webui_presentation("", {}, {}, "video/mp4").has_value());
}

BOOST_AUTO_TEST_CASE(hostile_types) {
    for (const std::string type : {"a/b\r\nX: y", "a/b\n", "a\tb", " a/b", "a/b ", "a/b\x7f", "a/\xc3\xbc"}) {
        BOOST_TEST(shown("a", type) == "none", type);
    }
    BOOST_TEST(shown("a", std::string("a\0b", 3)) == "none");
    BOOST_TEST(shown("a", std::string(257, 'a')) == "none");
    BOOST_TEST(shown("a", std::string(256, 'a')) != "none");
}

BOOST_AUTO_TEST_CASE(queries) {
    using sluice::proxy::open_webui_query;
    for (const auto* query : {"", "attachment=true", "attachment=false"}) {
        BOOST_TEST(open_webui_query(query), query);
    }
    for (const auto* query :
         {"attachment", "attachment=", "attachment=True", "attachment=1", "attachment=yes", "Attachment=true",
          "attachment=true&", "&attachment=true", "attachment=true&attachment=false", "attachment=true&x=y", "x=y", "x",
          "attachment=tru%65", "attachment%3Dtrue", "attachment=true#x", " "}) {
        BOOST_TEST(!open_webui_query(query), query);
        BOOST_TEST(!open_webui_presentation(query, "a.mp4", {}, "video/mp4").has_value(), query);
    }
}

BOOST_AUTO_TEST_CASE(uuids) {
    using sluice::proxy::is_uuid;
    BOOST_TEST(is_uuid("01234567-89ab-cdef-0123-456789abcdef"));
    BOOST_TEST(is_uuid("00000000-0000-0000-0000-000000000000"));
    for (const auto* id : {"", "all", "01234567-89AB-cdef-0123-456789abcdef", "01234567-89ab-cdef-0123-456789abcde",
                           "01234567-89ab-cdef-0123-456789abcdef0", "0123456789abcdef0123456789abcdef",
                           "0123456789-ab-cdef-0123-456789abcdef", "01234567-89ab-cdef-0123-456789abcdeg",
                           "01234567_89ab_cdef_0123_456789abcdef", "{1234567-89ab-cdef-0123-456789abcdef",
                           "%30234567-89ab-cdef-0123-456789abcde", "------------------------------------"}) {
        BOOST_TEST(!is_uuid(id), id);
    }
}

BOOST_AUTO_TEST_SUITE_END()
