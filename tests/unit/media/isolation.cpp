// What a redirect brought to the app's origin must not act in its name.
#include "head_fixture.hpp"

using namespace head_fixture;

namespace {

/// A head of the object of that type on a route that follows redirects.
struct followed : fixture {
    explicit followed(std::string_view type) {
        route.settings.follow.emplace();
        version.content_type = type;
    }
};

std::string disposition_of(std::string_view type, std::string_view said) {
    followed f(type);
    authorization allowed;
    allowed.content_disposition = said;
    allowed.has_disposition = !said.empty();
    f.request.authorization = std::make_shared<const authorization>(std::move(allowed));
    const auto head = f.written();
    const auto at = head.find("\r\nContent-Disposition: ");
    return at == std::string::npos ? "" : head.substr(at + 23, head.find("\r\n", at + 2) - at - 23);
}

} // namespace

BOOST_AUTO_TEST_SUITE(isolation)

BOOST_AUTO_TEST_CASE(what_may_be_shown_is_as_it_was) {
    followed f("video/mp4");
    const auto head = f.written();
    BOOST_TEST(has_line(head, "Content-Type: video/mp4"));
    BOOST_TEST(!has_name(head, "Content-Disposition"));
    BOOST_TEST(!has_name(head, "Content-Security-Policy"));
    BOOST_TEST(disposition_of("video/mp4", "inline; filename=a.mp4") == "inline; filename=a.mp4");
}

BOOST_AUTO_TEST_CASE(all_else_is_isolated) {
    for (const auto* type : {"text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "application/zip"}) {
        followed f(type);
        const auto head = f.written();
        BOOST_TEST(has_line(head, std::string("Content-Type: ") + type), type);
        BOOST_TEST(has_line(head, "Content-Disposition: attachment"), type);
        BOOST_TEST(has_line(head, "Content-Security-Policy: sandbox"), type);
    }
}

BOOST_AUTO_TEST_CASE(scripts_and_style_sheets_are_bytes) {
    for (const auto* type :
         {"text/javascript", "Application/JavaScript; charset=utf-8", "text/x-ecmascript", "text/jscript",
          "text/livescript", "text/css", "text/html, text/javascript", "nonsense", ""}) {
        followed f(type);
        const auto head = f.written();
        BOOST_TEST(has_line(head, "Content-Type: application/octet-stream"), type);
        BOOST_TEST(has_line(head, "Content-Security-Policy: sandbox"), type);
    }
}

BOOST_AUTO_TEST_CASE(nobody_else_has_a_say) {
    followed f("video/mp4");
    f.route.fields = {{"Content-Disposition", "inline"}, {"X-A", "b"}};
    authorization allowed;
    allowed.content_type = "text/html";
    allowed.fields = {{"Content-Security-Policy", "default-src *"}, {"Content-Disposition", "inline"}, {"Vary", "X"}};
    f.request.authorization = std::make_shared<const authorization>(std::move(allowed));
    const auto head = f.written();
    BOOST_TEST(has_line(head, "Content-Type: text/html"));
    BOOST_TEST(has_line(head, "Content-Disposition: attachment"));
    BOOST_TEST(has_line(head, "Content-Security-Policy: sandbox"));
    BOOST_TEST(head.find("inline") == std::string::npos);
    BOOST_TEST(head.find("default-src") == std::string::npos);
    BOOST_TEST(has_line(head, "X-A: b"));
    BOOST_TEST(has_line(head, "Vary: X"));
}

BOOST_AUTO_TEST_CASE(a_name_stays) {
    BOOST_TEST(disposition_of("text/html", "inline; filename=\"a.html\"") == "attachment; filename=\"a.html\"");
    BOOST_TEST(disposition_of("text/html", "INLINE ;filename*=UTF-8''b") == "attachment;filename*=UTF-8''b");
    for (const auto* said : {"", "inline", "attachment", "; filename=a", "in line; filename=a", "a\nb; filename=c"}) {
        BOOST_TEST(disposition_of("text/html", said) == "attachment", said);
    }
}

BOOST_AUTO_TEST_CASE(not_modified_is_isolated_too) {
    followed f("text/html");
    f.ask("If-None-Match", "\"v1\"");
    const auto head = f.written();
    BOOST_TEST(head.starts_with("HTTP/1.1 304"));
    BOOST_TEST(has_line(head, "Content-Security-Policy: sandbox"));
}

BOOST_AUTO_TEST_CASE(allowed_by_the_route) {
    followed f("text/html");
    f.route.settings.allow_inline = true;
    const auto head = f.written();
    BOOST_TEST(has_line(head, "Content-Type: text/html"));
    BOOST_TEST(!has_name(head, "Content-Disposition"));
    BOOST_TEST(!has_name(head, "Content-Security-Policy"));
    f.version.content_type = "text/javascript";
    BOOST_TEST(has_line(f.written(), "Content-Type: text/javascript"));
}

BOOST_AUTO_TEST_SUITE_END()
