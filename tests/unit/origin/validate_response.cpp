#include <sluice/origin/fetch.hpp>

#include <boost/test/unit_test.hpp>

#include <initializer_list>
#include <string>
#include <vector>

using namespace sluice;
using namespace sluice::origin;

namespace {

using http::range_spec;

constexpr std::string_view tag = "\"v1\"";

/// A request, changed by what is chained to it.
struct asking {
    fetch_request r{};

    asking() { r.key = "film.mp4"; }
    asking& bytes(std::uint64_t first, std::uint64_t last) {
        r.range = range_spec{range_spec::form::bounded, first, last, 0};
        return *this;
    }
    asking& from(std::uint64_t first) {
        r.range = range_spec{range_spec::form::open, first, 0, 0};
        return *this;
    }
    asking& suffix(std::uint64_t length) {
        r.range = range_spec{range_spec::form::suffix, 0, 0, length};
        return *this;
    }
    asking& head() {
        r.method = sign::method::head;
        return *this;
    }
    asking& match(std::string_view validator) {
        r.match = validator;
        return *this;
    }
    asking& size(std::uint64_t known) {
        r.size = known;
        return *this;
    }
    asking& none_match(std::string_view validator) {
        r.none_match = validator;
        return *this;
    }
};

using field_rows = std::initializer_list<http::field_view>;

result<object_head> judged(const asking& a, unsigned status, field_rows fields, const capabilities& can = {}) {
    http::response_head head;
    head.status = status;
    head.fields.items.assign(fields.begin(), fields.end());
    return validate_response(head, a.r, can);
}

void good(const result<object_head>& r, http::byte_range bytes, std::uint64_t size) {
    BOOST_TEST_REQUIRE(r.has_value(), (r ? "" : to_string(r.error().code)));
    BOOST_TEST(r->has_bytes);
    BOOST_TEST(r->bytes.first == bytes.first);
    BOOST_TEST(r->bytes.last == bytes.last);
    BOOST_TEST(r->size == size);
}

void bad(const result<object_head>& r, errc code, bool retryable = false) {
    BOOST_TEST_REQUIRE(r.has_error());
    BOOST_TEST(to_string(r.error().code) == to_string(code));
    BOOST_TEST(r.error().retryable == retryable);
    BOOST_TEST((r.error().source == error_source::origin));
}

} // namespace

BOOST_AUTO_TEST_SUITE(judging)

BOOST_AUTO_TEST_CASE(a_whole_answer_and_its_fields) {
    const auto r = judged(asking(), 200,
                          {{"content-length", "1000"},
                           {"ETag", tag},
                           {"Content-Type", "video/mp4"},
                           {"Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"}});
    good(r, {0, 999}, 1000);
    BOOST_TEST(r->status == 200U);
    BOOST_TEST(r->validator == tag);
    BOOST_TEST(r->content_type == "video/mp4");
    BOOST_TEST(r->last_modified == "Sun, 06 Nov 1994 08:49:37 GMT");
    // Without its length nobody could tell a cut body from a whole one.
    bad(judged(asking(), 200, {{"ETag", tag}}), errc::unexpected_status);
    for (const std::string_view length : {"", "x", "-1", "+5", "5 ", "0x10", "18446744073709551616"}) {
        bad(judged(asking(), 200, {{"Content-Length", length}}), errc::unexpected_status);
    }
    const auto empty = judged(asking(), 200, {{"Content-Length", "0"}, {"ETag", tag}});
    BOOST_TEST_REQUIRE(empty.has_value());
    BOOST_TEST(!empty->has_bytes);
    BOOST_TEST(empty->size == 0U);
}

BOOST_AUTO_TEST_CASE(without_a_strong_validator) {
    // Good answers, which the cache has to let pass.
    for (const std::string_view etag : {"W/\"v1\"", "", "v1", "\"v1", "w/\"v1\""}) {
        const auto r = judged(asking(), 200, {{"Content-Length", "5"}, {"ETag", etag}});
        BOOST_TEST_REQUIRE(r.has_value());
        BOOST_TEST(r->validator.empty(), etag);
    }
    BOOST_TEST(judged(asking(), 200, {{"Content-Length", "5"}})->validator.empty());
    BOOST_TEST(judged(asking(), 200, {{"Content-Length", "5"}, {"ETag", tag}, {"ETag", "\"v2\""}})->validator.empty());
}

BOOST_AUTO_TEST_CASE(content_encodings) {
    for (const std::string_view coding : {"gzip", "br", "identity, gzip", "GZIP", "x", "aws-chunked"}) {
        bad(judged(asking(), 200, {{"Content-Length", "5"}, {"Content-Encoding", coding}}), errc::content_encoded);
        bad(judged(asking().bytes(0, 4), 206,
                   {{"Content-Range", "bytes 0-4/9"}, {"Content-Length", "5"}, {"content-encoding", coding}}),
            errc::content_encoded);
    }
    bad(judged(asking(), 200,
               {{"Content-Length", "5"}, {"Content-Encoding", "identity"}, {"Content-Encoding", "gzip"}}),
        errc::content_encoded);
    good(judged(asking(), 200, {{"Content-Length", "5"}, {"Content-Encoding", "Identity"}}), {0, 4}, 5);
    good(judged(asking(), 200, {{"Content-Length", "5"}, {"Content-Encoding", ""}}), {0, 4}, 5);
}

BOOST_AUTO_TEST_CASE(a_200_to_a_range_is_usable_from_byte_0_alone) {
    const field_rows whole{{"Content-Length", "1000"}, {"ETag", tag}};
    good(judged(asking().bytes(0, 99), 200, whole), {0, 999}, 1000);
    good(judged(asking().from(0), 200, whole), {0, 999}, 1000);
    bad(judged(asking().bytes(1, 99), 200, whole), errc::unexpected_status);
    bad(judged(asking().from(500), 200, whole), errc::unexpected_status);
    bad(judged(asking().suffix(1000), 200, whole), errc::unexpected_status);
}

BOOST_AUTO_TEST_CASE(a_206_carries_what_was_asked) {
    good(judged(asking().bytes(100, 199), 206, {{"Content-Range", "bytes 100-199/1000"}, {"Content-Length", "100"}}),
         {100, 199}, 1000);
    good(judged(asking().bytes(900, 1999), 206, {{"Content-Range", "bytes 900-999/1000"}}), {900, 999}, 1000);
    good(judged(asking().from(990), 206, {{"Content-Range", "bytes 990-999/1000"}}), {990, 999}, 1000);
    good(judged(asking().suffix(10), 206, {{"Content-Range", "bytes 990-999/1000"}}), {990, 999}, 1000);
    good(judged(asking().suffix(5000), 206, {{"Content-Range", "bytes 0-999/1000"}}), {0, 999}, 1000);

    const std::vector<std::string_view> wrong{
        "",                      // a multipart answer has none
        "bytes 100-198/1000",    // shorter than was asked, and than the object has
        "bytes 100-200/1000",    // longer
        "bytes 0-99/1000",       // elsewhere
        "bytes 101-199/1000",    //
        "bytes 100-199/*",       // total not known
        "bytes */1000",          // that of a 416
        "bytes 100-199/150",     // beyond its own end
        "bytes 199-100/1000",    //
        "bytes 100-199",         //
        "pages 100-199/1000",    //
        "bytes 100-199/1000, x", //
    };
    for (const auto field : wrong) {
        bad(judged(asking().bytes(100, 199), 206, {{"Content-Range", field}, {"Content-Length", "100"}}),
            errc::bad_content_range);
    }
    bad(judged(asking().bytes(100, 199), 206, {{"Content-Type", "multipart/byteranges; boundary=x"}}),
        errc::bad_content_range);
    bad(judged(asking().bytes(100, 199), 206,
               {{"Content-Range", "bytes 100-199/1000"}, {"Content-Range", "bytes 100-199/2000"}}),
        errc::bad_content_range);
    bad(judged(asking().bytes(100, 199), 206, {{"Content-Range", "bytes 100-199/1000"}, {"Content-Length", "99"}}),
        errc::bad_content_range);
    bad(judged(asking(), 206, {{"Content-Range", "bytes 0-999/1000"}}), errc::bad_content_range); // none was asked
    bad(judged(asking().suffix(0), 206, {{"Content-Range", "bytes 0-0/1000"}}), errc::bad_content_range);
}

BOOST_AUTO_TEST_CASE(a_416_is_an_empty_object_or_beyond_the_end) {
    const auto empty = judged(asking().bytes(0, 99), 416, {{"Content-Range", "bytes */0"}});
    BOOST_TEST_REQUIRE(empty.has_value());
    BOOST_TEST(empty->status == 416U);
    BOOST_TEST(empty->size == 0U);
    BOOST_TEST(!empty->has_bytes);
    // Where byte 0 is not there, there is none: some stores say no more than that.
    BOOST_TEST(judged(asking().from(0), 416, {})->size == 0U);
    BOOST_TEST(judged(asking().bytes(1000, 1999), 416, {{"Content-Range", "bytes */1000"}})->size == 1000U);
    BOOST_TEST(judged(asking().suffix(10), 416, {{"Content-Range", "bytes */0"}})->size == 0U);
    BOOST_TEST(judged(asking().suffix(0), 416, {{"Content-Range", "bytes */1000"}})->size == 1000U);

    bad(judged(asking().from(5), 416, {}), errc::bad_content_range);
    bad(judged(asking().suffix(5), 416, {}), errc::bad_content_range);
    bad(judged(asking().bytes(999, 1999), 416, {{"Content-Range", "bytes */1000"}}), errc::bad_content_range);
    bad(judged(asking().bytes(0, 99), 416, {{"Content-Range", "bytes */1000"}}), errc::bad_content_range);
    bad(judged(asking().from(5), 416, {{"Content-Range", "nonsense"}}), errc::bad_content_range);
    bad(judged(asking(), 416, {{"Content-Range", "bytes */1000"}}), errc::bad_content_range);
}

BOOST_AUTO_TEST_CASE(heads) {
    const auto r = judged(asking().head(), 200, {{"Content-Length", "1000"}, {"ETag", tag}});
    BOOST_TEST_REQUIRE(r.has_value());
    BOOST_TEST(!r->has_bytes); // nothing follows
    BOOST_TEST(r->size == 1000U);
    bad(judged(asking().head(), 403, {}), errc::forbidden); // what makes the caller ask for bytes=0-0 by GET
    good(judged(asking().bytes(0, 0), 206, {{"Content-Range", "bytes 0-0/1000"}, {"ETag", tag}}), {0, 0}, 1000);
}

BOOST_AUTO_TEST_CASE(the_same_validator_with_another_size_is_another_version) {
    const auto known = [](std::uint64_t size) { return asking().bytes(5, 9).match(tag).size(size); };
    const field_rows partial{{"Content-Range", "bytes 5-9/10"}, {"ETag", tag}};
    good(judged(known(10), 206, partial), {5, 9}, 10);
    bad(judged(known(11), 206, partial), errc::validator_changed);
    bad(judged(asking().bytes(5, 20).match(tag).size(21), 206, partial), errc::validator_changed);
    bad(judged(known(10), 416, {{"Content-Range", "bytes */5"}}), errc::validator_changed);
    const field_rows whole{{"Content-Length", "10"}, {"ETag", tag}};
    const auto from_start = [](std::uint64_t size) { return asking().bytes(0, 9).match(tag).size(size); };
    good(judged(from_start(10), 200, whole), {0, 9}, 10);
    bad(judged(from_start(11), 200, whole), errc::validator_changed);
    bad(judged(from_start(10), 416, {}), errc::validator_changed);
}

BOOST_AUTO_TEST_CASE(one_version_alone) {
    const field_rows second{{"Content-Range", "bytes 5-9/10"}, {"ETag", "\"v2\""}};
    good(judged(asking().bytes(5, 9).match("\"v2\""), 206, second), {5, 9}, 10);
    // A store that ignores If-Match must not mix versions either.
    bad(judged(asking().bytes(5, 9).match(tag), 206, second), errc::validator_changed);
    bad(judged(asking().bytes(5, 9).match(tag), 206, {{"Content-Range", "bytes 5-9/10"}}), errc::validator_changed);
    bad(judged(asking().bytes(5, 9).match(tag), 206, {{"Content-Range", "bytes 5-9/10"}, {"ETag", "W/\"v1\""}}),
        errc::validator_changed);
    bad(judged(asking().bytes(5, 9).match(tag), 412, {}), errc::precondition_failed);

    const auto same = judged(asking().bytes(0, 9).none_match(tag), 304, {{"ETag", tag}});
    BOOST_TEST_REQUIRE(same.has_value());
    BOOST_TEST(same->status == 304U);
    BOOST_TEST(!same->has_bytes);
    bad(judged(asking().bytes(0, 9), 304, {{"ETag", tag}}), errc::unexpected_status); // nobody asked
}

BOOST_AUTO_TEST_CASE(refusals) {
    const auto status = [](unsigned code) {
        return judged(asking().bytes(0, 9), code, {{"Content-Length", "3"}, {"Location", "http://127.0.0.1/"}});
    };
    bad(status(401), errc::forbidden);
    bad(status(403), errc::forbidden);
    bad(status(404), errc::not_found);
    bad(status(410), errc::not_found);
    bad(status(412), errc::precondition_failed);
    bad(status(408), errc::throttled, true);
    bad(status(429), errc::throttled, true);
    for (const unsigned code : {500U, 502U, 503U, 504U, 599U, 999U}) {
        bad(status(code), errc::store_error, true);
        BOOST_TEST(status(code).error().detail == std::to_string(code));
    }
    // Redirects are never followed; nor is anything else an object.
    for (const unsigned code : {100U, 199U, 201U, 203U, 204U, 226U, 300U, 301U, 302U, 303U, 307U, 308U, 400U, 418U}) {
        bad(status(code), errc::unexpected_status);
    }
}

BOOST_AUTO_TEST_SUITE_END()
