#include "head_fixture.hpp"

namespace {

using namespace head_fixture;

/// `status first-last`, or the status alone where no body follows.
std::string text_of(const plan& p) {
    const std::string status = std::to_string(p.status);
    return p.has_body ? status + " " + std::to_string(p.bytes.first) + "-" + std::to_string(p.bytes.last) : status;
}

/// The plan for a GET with that Range and further fields.
std::string planned(std::string_view range, std::initializer_list<http::field_view> more = {}) {
    fixture f;
    if (!range.empty()) {
        f.ask("Range", range);
    }
    for (const auto& each : more) {
        f.ask(each.name, each.value);
    }
    return text_of(f.planned());
}

} // namespace

BOOST_AUTO_TEST_SUITE(media_head)

BOOST_AUTO_TEST_CASE(ranges) {
    BOOST_TEST(planned("") == "200 0-999");
    BOOST_TEST(planned("bytes=0-") == "206 0-999");
    BOOST_TEST(planned("bytes=0-0") == "206 0-0");
    BOOST_TEST(planned("bytes=100-199") == "206 100-199");
    BOOST_TEST(planned("bytes=900-5000") == "206 900-999");
    BOOST_TEST(planned("bytes=-100") == "206 900-999");
    BOOST_TEST(planned("bytes=-5000") == "206 0-999");
    BOOST_TEST(planned("BYTES=1-2") == "206 1-2");
    BOOST_TEST(planned("bytes=1000-") == "416");
    BOOST_TEST(planned("bytes=-0") == "416");
    for (const auto* ignored :
         {"bytes=5-3", "bytes", "bytes=", "bytes=a-b", "lines=1-2", "bytes=1-2,4-3", "bytes=--1"}) {
        BOOST_TEST(planned(ignored) == "200 0-999", ignored);
    }
    BOOST_TEST(planned("bytes=1-2", {{"range", "bytes=3-4"}}) == "200 0-999"); // which of the two?
}

BOOST_AUTO_TEST_CASE(several_ranges) {
    const auto parts = [](std::string_view range) {
        fixture f;
        f.ask("Range", range);
        std::string text;
        const plan p = f.planned();
        for (const auto& part : p.several ? p.several->parts : std::vector<http::byte_range>{}) {
            text += std::to_string(part.first) + "-" + std::to_string(part.last) + " ";
        }
        return std::to_string(p.status) + " " + text;
    };
    BOOST_TEST(parts("bytes=1-2,5-6") == "206 1-2 5-6 ");
    BOOST_TEST(parts("bytes=5-6, 1-2, -3") == "206 5-6 1-2 997-999 ");
    BOOST_TEST(parts("bytes=1000-,5-6,7000-8000,1-1") == "206 5-6 1-1 ");
    BOOST_TEST(parts("bytes=1-5,3-9") == "206 "); // merged to one, which is no multipart
    BOOST_TEST(planned("bytes=1-5,3-9") == "206 1-9");
    BOOST_TEST(planned("bytes=1000-,5-6") == "206 5-6");
    BOOST_TEST(planned("bytes=1000-,2000-") == "416");
    std::string many = "bytes=0-0";
    for (int i = 1; i < 17; ++i) {
        many += "," + std::to_string(i * 10) + "-" + std::to_string(i * 10);
    }
    BOOST_TEST(planned(many) == "200 0-999"); // more than 16 after merging
    BOOST_TEST(planned("bytes=1-2,5-6", {{"If-Range", "\"other\""}}) == "200 0-999");
}

BOOST_AUTO_TEST_CASE(head_of_a_multipart) {
    fixture f;
    f.ask("Range", "bytes=1-2,5-6");
    const plan p = f.planned();
    BOOST_REQUIRE(p.several.has_value());
    std::string body;
    for (std::size_t i = 0; i < 2; ++i) {
        body += p.several->part_head(i) + "xx";
    }
    body += p.several->closing();
    BOOST_TEST(p.several->content_length() == body.size());
    const auto delimiter = "--" + p.several->boundary;
    BOOST_TEST(
        body.starts_with(delimiter + "\r\nContent-Type: video/mp4\r\nContent-Range: bytes 1-2/1000\r\n\r\nxx\r\n"));
    BOOST_TEST(body.ends_with("xx\r\n" + delimiter + "--\r\n"));
    BOOST_TEST(make_boundary() != make_boundary());
    std::string head;
    append_head(head, f.request, f.version, p);
    BOOST_TEST(has_line(head, "Content-Type: multipart/byteranges; boundary=" + p.several->boundary));
    BOOST_TEST(has_line(head, "Content-Length: " + std::to_string(body.size())));
    BOOST_TEST(head.find("Content-Range") == std::string::npos); // RFC 9110 §15.3.7.2: in the parts alone
}

BOOST_AUTO_TEST_CASE(heads_and_empty_objects) {
    fixture f;
    f.request.head_only = true;
    BOOST_TEST(text_of(f.planned()) == "200");
    BOOST_TEST(has_line(f.written(), "Content-Length: 1000"));
    f.ask("Range", "bytes=1-2"); // RFC 9110 §14.2: defined for GET alone
    BOOST_TEST(text_of(f.planned()) == "200");
    fixture empty;
    empty.version.size = 0;
    BOOST_TEST(text_of(empty.planned()) == "200");
    BOOST_TEST(has_line(empty.written(), "Content-Length: 0"));
    empty.ask("Range", "bytes=0-");
    BOOST_TEST(text_of(empty.planned()) == "416");
    BOOST_TEST(has_line(empty.written(), "Content-Range: bytes */0"));
}

/// `status coding varies` of the plan for a text of 1,000 bytes on a route that compresses, with these fields.
std::string coding_of(std::initializer_list<http::field_view> fields, void (*change)(fixture&) = nullptr) {
    fixture f;
    f.route.settings.compress.emplace();
    f.version.content_type = "text/plain; charset=utf-8";
    for (const auto& each : fields) {
        f.ask(each.name, each.value);
    }
    if (change != nullptr) {
        change(f);
    }
    const plan p = f.planned();
    return std::to_string(p.status) + " " + std::string(http::to_string(p.coding)) + (p.varies ? " varies" : "");
}

BOOST_AUTO_TEST_CASE(content_codings) {
    BOOST_TEST(coding_of({{"Accept-Encoding", "gzip, br"}}) == "200 br varies");
    BOOST_TEST(coding_of({}) == "200 identity varies");
    BOOST_TEST(coding_of({{"Accept-Encoding", "br"}, {"Range", "bytes=0-9"}}) == "206 identity varies");
    BOOST_TEST(coding_of({{"Accept-Encoding", "br"}, {"Range", "bytes=0-9"}, {"If-Range", "\"v0\""}}) ==
               "200 br varies");
    BOOST_TEST(coding_of({{"Accept-Encoding", "br"}, {"Range", "bytes=0-9"}, {"If-Range", "W/\"v1\""}}) ==
               "200 br varies"); // the tag of what was coded is no base for ranges
    BOOST_TEST(coding_of({{"Accept-Encoding", "br"}, {"If-None-Match", "W/\"v1\""}}) == "304 br varies");
    BOOST_TEST(coding_of({{"Accept-Encoding", "br"}, {"If-None-Match", "\"v1\""}}) == "304 br varies");
    BOOST_TEST(coding_of({{"Accept-Encoding", "br"}, {"If-None-Match", "\"v1\""}, {"Range", "bytes=0-"}}) ==
               "304 identity varies");
    BOOST_TEST(coding_of({{"Accept-Encoding", "br"}, {"If-Match", "W/\"v1\""}}) == "412 identity");
    BOOST_TEST(coding_of({{"Accept-Encoding", "br"}, {"If-Match", "\"v1\""}}) == "200 br varies");
    BOOST_TEST(coding_of({{"Accept-Encoding", "br"}, {"Range", "bytes=2000-"}}) == "416 identity");
    // Not to be changed, or not worth it.
    BOOST_TEST(coding_of({{"Accept-Encoding", "br"}, {"Cache-Control", "no-cache, No-Transform"}}) == "200 identity");
    const auto with = [](void (*change)(fixture&)) { return coding_of({{"Accept-Encoding", "br"}}, change); };
    BOOST_TEST(with([](fixture& f) { f.route.fields.add("Cache-Control", "private, no-transform"); }) ==
               "200 identity");
    BOOST_TEST(with([](fixture& f) { f.route.fields.add("Content-Encoding", "gzip"); }) == "200 identity");
    BOOST_TEST(with([](fixture& f) {
                   authorization g;
                   g.fields = {{"Cache-Control", "private"}, {"Cache-Control", "no-transform"}};
                   f.request.authorization = std::make_shared<const authorization>(g);
               }) == "200 identity");
    BOOST_TEST(with([](fixture& f) { f.version.content_type = "video/mp4"; }) == "200 identity");
    BOOST_TEST(with([](fixture& f) { f.version.size = 499; }) == "200 identity");
    BOOST_TEST(with([](fixture& f) { f.version.size = 500; }) == "200 br varies");
    BOOST_TEST(with([](fixture& f) { f.version.size = 8U << 20U; }) == "200 br varies");
    BOOST_TEST(with([](fixture& f) { f.version.size = (8U << 20U) + 1; }) == "200 identity");
    BOOST_TEST(with([](fixture& f) { f.route.settings.compress.reset(); }) == "200 identity");
    BOOST_TEST(with([](fixture& f) { f.head.version = 10; }) == "200 identity varies");
    BOOST_TEST(with([](fixture& f) { f.request.head_only = true; }) == "200 br varies");
}

BOOST_AUTO_TEST_CASE(head_of_a_coded_body) {
    fixture f;
    f.route.settings.compress.emplace();
    f.version.content_type = "text/plain";
    f.ask("Accept-Encoding", "gzip");
    const auto get = f.written();
    BOOST_TEST(has_line(get, "Content-Encoding: gzip"));
    BOOST_TEST(has_line(get, "Transfer-Encoding: chunked"));
    BOOST_TEST(has_line(get, "Vary: Accept-Encoding"));
    BOOST_TEST(has_line(get, "ETag: W/\"v1\""));
    BOOST_TEST(!has_name(get, "Content-Length"));
    BOOST_TEST(!has_name(get, "Accept-Ranges"));
    f.request.head_only = true;
    const auto head = f.written();
    BOOST_TEST(has_line(head, "Content-Encoding: gzip"));
    BOOST_TEST(has_line(head, "ETag: W/\"v1\""));
    BOOST_TEST(!has_name(head, "Content-Length"));
    BOOST_TEST(!has_name(head, "Transfer-Encoding"));
    f.ask("If-None-Match", "W/\"v1\"");
    const auto same = f.written();
    BOOST_TEST(same.starts_with("HTTP/1.1 304 "));
    BOOST_TEST(has_line(same, "ETag: W/\"v1\""));
    BOOST_TEST(has_line(same, "Vary: Accept-Encoding"));
    BOOST_TEST(!has_name(same, "Content-Encoding"));
    // Once is enough.
    authorization g;
    g.fields.add("Vary", "Origin, accept-encoding");
    f.request.authorization = std::make_shared<const authorization>(g);
    BOOST_TEST(!has_line(f.written(), "Vary: Accept-Encoding"));
}

BOOST_AUTO_TEST_CASE(local_objects_say_so) {
    fixture f;
    f.x.outcome = metrics::outcome::local;
    f.x.detail = "local";
    BOOST_TEST(has_line(f.written(), "Cache-Status: sluice; detail=local"));
}

BOOST_AUTO_TEST_CASE(preconditions_come_first) {
    BOOST_TEST(planned("bytes=0-9", {{"If-None-Match", "\"v1\""}}) == "304");
    BOOST_TEST(planned("bytes=0-9", {{"If-None-Match", "W/\"v1\""}}) == "304"); // weak comparison
    BOOST_TEST(planned("bytes=0-9", {{"If-None-Match", "\"v0\""}}) == "206 0-9");
    BOOST_TEST(planned("bytes=5000-", {{"If-Match", "\"v0\""}}) == "412");
    BOOST_TEST(planned("bytes=0-9", {{"If-Match", "\"v1\""}}) == "206 0-9");
    BOOST_TEST(planned("bytes=0-9", {{"If-Match", "W/\"v1\""}}) == "412"); // strong comparison
    BOOST_TEST(planned("", {{"If-Modified-Since", "Sat, 05 Nov 1994 08:49:37 GMT"}}) == "304");
    BOOST_TEST(planned("", {{"If-Modified-Since", "Sat, 05 Nov 1994 08:49:36 GMT"}}) == "200 0-999");
    BOOST_TEST(planned("", {{"If-Unmodified-Since", "Sat, 05 Nov 1994 08:49:36 GMT"}}) == "412");
    BOOST_TEST(planned("", {{"If-Match", "\"v1\""}, {"If-None-Match", "\"v1\""}}) == "304");
    BOOST_TEST(planned("", {{"If-Match", "\"v0\""}, {"If-None-Match", "\"v1\""}}) == "412");
}

BOOST_AUTO_TEST_CASE(if_range) {
    BOOST_TEST(planned("bytes=0-9", {{"If-Range", "\"v1\""}}) == "206 0-9");
    BOOST_TEST(planned("bytes=0-9", {{"If-Range", "\"v0\""}}) == "200 0-999");
    BOOST_TEST(planned("bytes=0-9", {{"If-Range", "W/\"v1\""}}) == "200 0-999");
    BOOST_TEST(planned("bytes=5000-", {{"If-Range", "\"v0\""}}) == "200 0-999"); // no 416 of another version
    BOOST_TEST(planned("bytes=0-9", {{"If-Range", "Sat, 05 Nov 1994 08:49:37 GMT"}}) == "206 0-9");
    BOOST_TEST(planned("bytes=0-9", {{"If-Range", "Sat, 05 Nov 1994 08:49:38 GMT"}}) == "200 0-999");
}

BOOST_AUTO_TEST_CASE(lines_of_each_status) {
    fixture whole;
    auto head = whole.written();
    BOOST_TEST(head.starts_with("HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
    BOOST_TEST(whole.x.status == 200U);
    for (const auto* line : {"Content-Length: 1000", "Content-Type: video/mp4", "ETag: \"v1\"", "Accept-Ranges: bytes",
                             "Last-Modified: Sat, 05 Nov 1994 08:49:37 GMT", "X-Content-Type-Options: nosniff"}) {
        BOOST_TEST(has_line(head, line), line);
    }
    for (const auto* name : {"Content-Range", "Content-Disposition", "Connection", "Server-Timing"}) {
        BOOST_TEST(!has_name(head, name), name);
    }
    fixture part;
    part.ask("Range", "bytes=10-19");
    head = part.written();
    BOOST_TEST(head.starts_with("HTTP/1.1 206 "));
    BOOST_TEST(has_line(head, "Content-Length: 10"));
    BOOST_TEST(has_line(head, "Content-Range: bytes 10-19/1000"));
    fixture beyond;
    beyond.ask("Range", "bytes=1000-");
    head = beyond.written();
    BOOST_TEST(head.starts_with("HTTP/1.1 416 "));
    BOOST_TEST(has_line(head, "Content-Range: bytes */1000"));
    BOOST_TEST(has_line(head, "Content-Length: 0"));
    BOOST_TEST(!has_name(head, "Content-Type"));
    BOOST_TEST(!has_name(head, "ETag"));
    fixture same;
    same.ask("If-None-Match", "*");
    head = same.written();
    BOOST_TEST(head.starts_with("HTTP/1.1 304 "));
    BOOST_TEST(has_line(head, "ETag: \"v1\""));
    for (const auto* name : {"Content-Length", "Content-Type", "Content-Range"}) {
        BOOST_TEST(!has_name(head, name), name);
    }
    fixture failed;
    failed.ask("If-Match", "\"x\"");
    head = failed.written();
    BOOST_TEST(head.starts_with("HTTP/1.1 412 "));
    BOOST_TEST(has_line(head, "Content-Length: 0"));
}

BOOST_AUTO_TEST_CASE(what_a_store_says_may_not_break_the_head) {
    fixture f;
    f.version.content_type = "video/mp4\r\nSet-Cookie: a=b";
    f.version.etag = "\"a\nb\"";
    f.version.last_modified = "x\r\n\r\n<script>";
    const auto head = f.written();
    BOOST_TEST(!has_name(head, "Set-Cookie"));
    BOOST_TEST(!has_name(head, "ETag"));
    BOOST_TEST(!has_name(head, "Last-Modified"));
    fixture none;
    none.version.content_type = "";
    none.version.etag = "";
    const auto bare = none.written();
    BOOST_TEST(has_line(bare, "Content-Type: application/octet-stream"));
    BOOST_TEST(has_line(bare, "Content-Disposition: attachment"));
    BOOST_TEST(!has_name(bare, "ETag"));
}

BOOST_AUTO_TEST_CASE(inline_types) {
    for (const auto* type : {"image/png", "IMAGE/PNG", "audio/mpeg", "video/mp4", "video/mp4; codecs=x",
                             "application/pdf", "text/plain", "text/plain; charset=utf-8"}) {
        BOOST_TEST(is_inline_type(type), type);
    }
    for (const auto* type :
         {"", "image", "image/svg+xml", "Image/SVG+xml; x=y", "image/x+xml", "video/Y+XML", "text/html", "text/xml",
          "application/xml", "application/octet-stream", "xvideo/mp4", "image/png,text/html", "video/ mp4"}) {
        BOOST_TEST(!is_inline_type(type), type);
    }
    fixture f;
    f.version.content_type = "text/html";
    BOOST_TEST(has_line(f.written(), "Content-Disposition: attachment"));
    f.route.fields.add("Content-Disposition", "inline");
    const auto head = f.written();
    BOOST_TEST(has_line(head, "Content-Disposition: inline"));
    BOOST_TEST(!has_line(head, "Content-Disposition: attachment"));
}

BOOST_AUTO_TEST_CASE(the_routes_own_fields) {
    fixture f;
    BOOST_TEST(!has_name(f.written(), "Cache-Control")); // open to all
    f.route.fields = {{"X-A", "b"}, {"Content-Type", "audio/ogg"}, {"Cache-Control", "private, max-age=5"}};
    f.request.authorization = std::make_shared<const authorization>();
    f.request.set_cookie.add("Set-Cookie", "a=b");
    const auto head = f.written();
    BOOST_TEST(has_line(head, "X-A: b"));
    BOOST_TEST(has_line(head, "Set-Cookie: a=b"));
    BOOST_TEST(has_line(head, "Content-Type: audio/ogg"));
    BOOST_TEST(!has_line(head, "Content-Type: video/mp4"));
    BOOST_TEST(has_line(head, "Cache-Control: private, max-age=5"));
    BOOST_TEST(!has_line(head, "Cache-Control: private, no-cache"));
}

BOOST_AUTO_TEST_CASE(what_comes_with_the_apps_leave) {
    fixture f;
    f.request.authorization = std::make_shared<const authorization>();
    BOOST_TEST(has_line(f.written(), "Cache-Control: private, no-cache"));
    auto g = std::make_shared<authorization>();
    g->content_type = "application/pdf";
    g->has_disposition = true;
    g->content_disposition = "inline; filename*=UTF-8''a.pdf";
    g->fields = {{"Vary", "Cookie"}, {"Cache-Control", "private, max-age=9"}};
    f.request.authorization = g;
    const auto head = f.written();
    BOOST_TEST(has_line(head, "Content-Type: application/pdf"));
    BOOST_TEST(has_line(head, "Content-Disposition: inline; filename*=UTF-8''a.pdf"));
    BOOST_TEST(has_line(head, "Vary: Cookie"));
    BOOST_TEST(has_line(head, "Cache-Control: private, max-age=9"));
    BOOST_TEST(!has_line(head, "Cache-Control: private, no-cache"));
    // "" with has_disposition: the app would send none.
    g = std::make_shared<authorization>();
    g->content_type = "text/html";
    g->has_disposition = true;
    f.request.authorization = g;
    BOOST_TEST(!has_name(f.written(), "Content-Disposition"));
}

BOOST_AUTO_TEST_CASE(connection_and_trace) {
    fixture f;
    f.x.keep_alive = false;
    BOOST_TEST(has_line(f.written(), "Connection: close"));
    fixture old;
    old.head.version = 10;
    BOOST_TEST(has_line(old.written(), "Connection: keep-alive"));
    fixture traced;
    traced.route.settings.server_timing = true;
    BOOST_TEST(has_name(traced.written(), "Server-Timing"));
    BOOST_TEST(bypass_status("cache_full") == "sluice; fwd=bypass; detail=cache_full");
    BOOST_TEST(bypass_fields("x").text() == "Cache-Status: sluice; fwd=bypass; detail=x\r\n");
    fixture hit;
    hit.x.outcome = metrics::outcome::hit;
    BOOST_TEST(has_line(hit.written(), "Cache-Status: sluice; hit"));
    fixture miss;
    miss.x.outcome = metrics::outcome::miss;
    miss.x.detail = "x";
    miss.request.origin_status = 206;
    miss.request.stored = miss.request.collapsed = true;
    BOOST_TEST(has_line(miss.written(), "Cache-Status: sluice; fwd=miss; fwd-status=206; stored; collapsed; detail=x"));
    fixture stale; // served while it is revalidated: a hit, unless a page of it had to be fetched after all
    stale.x.outcome = metrics::outcome::stale;
    stale.x.detail = "revalidating";
    stale.request.ttl = -3s;
    BOOST_TEST(has_line(stale.written(), "Cache-Status: sluice; hit; ttl=-3; detail=revalidating"));
    stale.request.fetched = true;
    stale.request.origin_status = 206;
    BOOST_TEST(has_line(stale.written(), "Cache-Status: sluice; fwd=stale; fwd-status=206; detail=revalidating"));
}

BOOST_AUTO_TEST_CASE(a_redirect) {
    fixture f;
    std::string out;
    f.request.set_cookie.add("Set-Cookie", "a=b");
    f.route.fields.add("Cache-Control", "public");
    BOOST_TEST(append_redirect_head(out, f.request, "https://store/k?sig=1"));
    BOOST_TEST(out.starts_with("HTTP/1.1 307 Temporary Redirect\r\n"));
    BOOST_TEST(out.ends_with("\r\n\r\n"));
    for (const auto* line : {"Location: https://store/k?sig=1", "Content-Length: 0", "Cache-Control: no-store",
                             "Set-Cookie: a=b", "X-Content-Type-Options: nosniff"}) {
        BOOST_TEST(has_line(out, line), line);
    }
    BOOST_TEST(out.find("Cache-Control: public") == std::string::npos);
    BOOST_TEST(out.find("Connection:") == std::string::npos);

    auto given = std::make_shared<authorization>();
    given->fields = {{"Set-Cookie", "c=d"},
                     {"Access-Control-Allow-Origin", "*"},
                     {"Content-Type", "text/html"},
                     {"Cache-Control", "private"},
                     {"Vary", "Origin"},
                     {"X-Frame-Options", "DENY"}};
    f.request.authorization = given;
    f.head.version = 10;
    std::string more;
    BOOST_TEST(append_redirect_head(more, f.request, "https://store/k"));
    for (const auto* line : {"Set-Cookie: c=d", "Access-Control-Allow-Origin: *", "Vary: Origin", "Set-Cookie: a=b",
                             "Connection: keep-alive"}) {
        BOOST_TEST(has_line(more, line), line);
    }
    for (const auto* name : {"Content-Type", "X-Frame-Options"}) {
        BOOST_TEST(!has_name(more, name), name);
    }
    BOOST_TEST(more.find("private") == std::string::npos);
    std::string refused;
    BOOST_TEST(!append_redirect_head(refused, f.request, "https://store/k\r\nX: y"));
}

BOOST_AUTO_TEST_CASE(what_the_url_of_a_redirect_says) {
    fixture f;
    // Nobody says the type: a page would run, and a player does not mind.
    auto options = redirect_options(f.request);
    BOOST_TEST(options.response_content_type.empty());
    BOOST_TEST(options.response_content_disposition == "attachment");
    BOOST_TEST((options.expires == 5min)); // the store's is an hour

    auto given = std::make_shared<authorization>();
    given->content_type = "video/mp4";
    f.request.authorization = given;
    options = redirect_options(f.request);
    BOOST_TEST(options.response_content_type == "video/mp4");
    BOOST_TEST(options.response_content_disposition.empty());
    given->filename = "a b.mp4";
    BOOST_TEST(redirect_options(f.request).response_content_disposition == "inline; filename*=UTF-8''a%20b.mp4");
    given->content_type = "text/html";
    BOOST_TEST(redirect_options(f.request).response_content_disposition == "attachment; filename*=UTF-8''a%20b.mp4");

    // The route's own fields come first.
    f.route.fields = {{"content-type", "audio/mp4"}, {"Content-Disposition", "inline"}};
    options = redirect_options(f.request);
    BOOST_TEST(options.response_content_type == "audio/mp4");
    BOOST_TEST(options.response_content_disposition == "inline");

    config::store brief = f.place;
    brief.url_expiry = 20s;
    origin::store other(brief, {}, f.counters.store("brief"));
    const media_request soon{.x = f.x, .route = f.route, .store = other, .key = "a", .give_up = {}};
    BOOST_TEST((redirect_options(soon).expires == 20s));
}

BOOST_AUTO_TEST_CASE(another_attempt_says_nothing_of_the_last) {
    fixture f;
    f.x.outcome = metrics::outcome::stale;
    f.x.detail = "timeout";
    f.request.origin_status = 206;
    f.request.stored = true;
    f.request.collapsed = true;
    f.request.fetched = true;
    f.request.ttl = -3s;
    BOOST_TEST(
        has_line(f.written(), "Cache-Status: sluice; fwd=stale; fwd-status=206; stored; collapsed; detail=timeout"));
    f.request.begin_again();
    BOOST_TEST((f.x.outcome == metrics::outcome::relay));
    f.x.outcome = metrics::outcome::hit;
    BOOST_TEST(has_line(f.written(), "Cache-Status: sluice; hit"));
}

BOOST_AUTO_TEST_CASE(a_proxy_in_front_does_not_buffer_large_responses) {
    constexpr std::uint64_t mib = std::uint64_t{1} << 20U;
    const auto head_of = [](std::uint64_t size, std::string_view range) {
        fixture f;
        f.version.size = size;
        if (!range.empty()) {
            f.ask("Range", range);
        }
        return f.written();
    };
    const std::string line = "X-Accel-Buffering: no";
    BOOST_TEST(!has_line(head_of(mib, ""), line));
    BOOST_TEST(has_line(head_of(mib + 1, ""), line));
    BOOST_TEST(!has_line(head_of(4 * mib, "bytes=1-1048576"), line));
    BOOST_TEST(has_line(head_of(4 * mib, "bytes=1-"), line));
    BOOST_TEST(has_line(head_of(4 * mib, "bytes=0-9,1000000-3000000"), line));
    BOOST_TEST(!has_name(head_of(4 * mib, "bytes=4194304-"), "X-Accel-Buffering")); // 416
    fixture f;
    f.version.size = 4 * mib;
    f.route.fields.add("X-Accel-Buffering", "yes");
    const auto head = f.written();
    BOOST_TEST(has_line(head, "X-Accel-Buffering: yes"));
    BOOST_TEST(!has_line(head, line));
}

BOOST_AUTO_TEST_CASE(the_type_where_nobody_says_it) {
    fixture f;
    f.version.content_type = "";
    const auto type = [&f](std::string key) {
        f.request.key = std::move(key);
        const auto head = f.written();
        const auto at = head.find("Content-Type: ") + 14;
        return head.substr(at, head.find('\r', at) - at);
    };
    BOOST_TEST(type("films/a.MP4") == "video/mp4");
    BOOST_TEST(type("a.txt") == "text/plain");
    for (const auto* key : {"a", "a.unknown", "a.html", "a.svg", "a.js", "a.css", "mp4"}) {
        BOOST_TEST(type(key) == "application/octet-stream", key);
    }
    f.version.content_type = "image/png"; // the store's goes before it
    BOOST_TEST(type("a.mp4") == "image/png");
}

BOOST_AUTO_TEST_SUITE_END()
