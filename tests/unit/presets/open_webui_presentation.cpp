#include <sluice/http/fields.hpp>
#include <sluice/presets/open_webui_presentation.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using sluice::presets::file_form;
using sluice::presets::open_webui_form;
using sluice::presets::open_webui_presentation;

using text = std::optional<std::string>;

/// `type | disposition` of a file whose `meta.name` is `name`.
std::string shown(const std::string& name, const text& type, std::string_view query = "") {
    const auto form = open_webui_form("/api/v1/files/x/content", query);
    BOOST_REQUIRE(form.has_value());
    const auto p = open_webui_presentation(*form, "uuid_" + name, name, "other.bin", type);
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
        const auto p = open_webui_presentation(file_form::attached, name, "other.bin", {}, {});
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
    for (const auto* name : {"a", "a.", ".mp4", "a.mp4x", "a.nothing", "", "mp4"}) {
        BOOST_TEST(guess(name) == "application/octet-stream", name);
    }
    // Without a type it is not text/plain to the app, whatever the name says.
    BOOST_TEST(shown("a.txt", {}) == "text/plain; charset=utf-8 | attachment; filename*=UTF-8''a.txt");
    BOOST_TEST(shown("a.txt", "") == "text/plain; charset=utf-8 | attachment; filename*=UTF-8''a.txt");
}

BOOST_AUTO_TEST_CASE(names) {
    const auto encoded = [](const std::string& name) {
        const auto p = open_webui_presentation(file_form::attached, "k", name, {}, "x/y");
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
    BOOST_TEST(open_webui_presentation(file_form::shown, "k", {}, "f.pdf", {})->content_disposition ==
               "inline; filename*=UTF-8''f.pdf");
    BOOST_TEST(open_webui_presentation(file_form::shown, "k", "", "f.pdf", {})->content_disposition ==
               "attachment; filename*=UTF-8''");
    BOOST_TEST(!open_webui_presentation(file_form::shown, "k", {}, {}, "video/mp4").has_value());
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
    const auto form = [](std::string_view query) { return open_webui_form("/api/v1/files/x/content", query); };
    for (const auto* query : {"", "attachment=false", "attachment=0", "attachment=f", "attachment=N", "attachment=no",
                              "attachment=OFF", "x=1", "t=%20+", "v=2&_=3", "Attachment=true", "x", "x="}) {
        BOOST_TEST((form(query) == file_form::shown), query);
    }
    for (const auto* query :
         {"attachment=true", "attachment=1", "attachment=T", "attachment=y", "attachment=YES", "attachment=On",
          "attachment=tRuE", "x=1&attachment=true", "attachment=1&v=attachment", "attachment=true&"}) {
        BOOST_TEST((form(query) == file_form::attached), query);
    }
    // What pydantic refuses; what another reader may read otherwise; what the app redirects.
    for (const auto* query : {"attachment",
                              "attachment=",
                              "attachment=2",
                              "attachment=01",
                              "attachment=tru",
                              "attachment= true",
                              "attachment=true+",
                              "attachment=tru%65",
                              "attachment=true=",
                              "attachment=true&attachment=true",
                              "attachment=true&attachment=false",
                              "x=1&x=1",
                              "%61ttachment=true",
                              "attachm%65nt=true",
                              "at+tachment=true",
                              "attachment[]=true",
                              "=true",
                              "&",
                              "x=1&&y=2",
                              "x;attachment=true",
                              "x=1;attachment=true",
                              "shared=x",
                              "x=1&shared=https://y",
                              "\xc3\xbc=1"}) {
        BOOST_TEST(!form(query).has_value(), query);
    }
    std::string many = "a0=";
    for (int i = 1; i < 17; ++i) {
        many += "&a" + std::to_string(i) + "=";
    }
    BOOST_TEST(!form(many).has_value());
}

BOOST_AUTO_TEST_CASE(named_files) {
    const auto form = [](std::string_view name) {
        return open_webui_form("/api/v1/files/x/content/" + std::string(name), "attachment=false");
    };
    for (const auto* name : {"v.mp4", "content", "HTML", "html.mp4", "htm", "%20html", "html%20", "x%25"}) {
        BOOST_TEST((form(name) == file_form::named), name);
    }
    for (const auto* name : {"html", "%68tml", "htm%6C", "%68%74%6d%6c", "watch", "w%61tch", "%"}) {
        BOOST_TEST(!form(name).has_value(), name);
    }
    // The type that its uploader said counts for nothing, the key's ending for all.
    const auto p = open_webui_presentation(file_form::named, "uploads/id_a.tar.gz", "b.pdf", {}, "text/plain");
    BOOST_TEST(p->content_type == "application/x-tar");
    BOOST_TEST(p->content_disposition == "attachment; filename*=UTF-8''b.pdf");
    BOOST_TEST(open_webui_presentation(file_form::named, "id", "b.pdf", {}, "x\n")->content_type ==
               "application/octet-stream");
    // Guessed from the key where its uploader said nothing, not from a name that was changed since.
    BOOST_TEST(open_webui_presentation(file_form::shown, "id_a.MD", "b.mp4", {}, {})->content_type ==
               "text/markdown; charset=utf-8");
}

BOOST_AUTO_TEST_CASE(uuids) {
    using sluice::presets::is_uuid;
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
