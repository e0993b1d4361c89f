#include <sluice/base/text.hpp>
#include <sluice/sign/canonical.hpp>
#include <sluice/sign/signature_v4.hpp>

#include <boost/test/unit_test.hpp>

#include "vectors.hpp"

#include <random>

using namespace sluice::sign;
using namespace std::string_view_literals;

BOOST_AUTO_TEST_SUITE(canonical)

BOOST_AUTO_TEST_CASE(percent_encoding_keeps_the_unreserved_alone) {
    std::string kept;
    for (int byte = 0; byte < 256; ++byte) {
        const std::string one(1, static_cast<char>(byte));
        const std::string encoded = sluice::percent_encode(one, sluice::slash::encode);
        if (encoded == one) {
            kept += one;
        } else {
            char expected[8];
            std::snprintf(expected, sizeof expected, "%%%02X", static_cast<unsigned>(byte));
            BOOST_TEST(encoded == expected);
        }
    }
    BOOST_TEST(kept == "-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~");
}

BOOST_AUTO_TEST_CASE(slashes_are_kept_in_keys_only) {
    BOOST_TEST(sluice::percent_encode("a/b c", sluice::slash::keep) == "a/b%20c");
    BOOST_TEST(sluice::percent_encode("a/b c", sluice::slash::encode) == "a%2Fb%20c");
    BOOST_TEST(sluice::percent_encode("", sluice::slash::keep) == "");
}

BOOST_AUTO_TEST_CASE(random_bytes_come_back) {
    const auto seed = std::random_device{}();
    BOOST_TEST_MESSAGE("seed " << seed);
    std::mt19937 random(seed);
    for (int round = 0; round < 500; ++round) {
        std::string bytes(random() % 64, '\0');
        for (char& c : bytes) {
            c = static_cast<char>(random() & 0xffU);
        }
        BOOST_TEST_CONTEXT("seed " << seed << " round " << round) {
            BOOST_TEST(vectors::percent_decode(sluice::percent_encode(bytes, sluice::slash::keep)) == bytes);
            BOOST_TEST(vectors::percent_decode(sluice::percent_encode(bytes, sluice::slash::encode)) == bytes);
        }
    }
}

BOOST_AUTO_TEST_CASE(query_is_sorted_after_encoding) {
    // "{" sorts after "a" as a byte and before it as "%7B"; "-" makes a longer name sort after the shorter one.
    const std::vector<field_view> query{{"a-b", "1"}, {"{", "x"}, {"a", "2"}, {"a", "1/ 2"}, {"A", ""}, {"a", ""}};
    BOOST_TEST(canonical_query(query) == "%7B=x&A=&a=&a=1%2F%202&a=2&a-b=1");
    BOOST_TEST(canonical_query({}) == "");
}

BOOST_AUTO_TEST_CASE(headers_are_lowered_collapsed_sorted_and_joined) {
    const std::vector<field_view> headers{{"X-B", "  two  "}, {"Host", "h:1"}, {"x-b", "one\t \ttwo"},
                                          {"X-A", ""},        {"X-C", " \t "}, {"x-b", "\"q  q\""}};
    const auto block = canonical_headers(headers);
    BOOST_TEST(block.lines == "host:h:1\nx-a:\nx-b:two,one two,\"q q\"\nx-c:\n");
    BOOST_TEST(block.signed_headers == "host;x-a;x-b;x-c");
    BOOST_TEST(canonical_headers({}).lines == "");
}

BOOST_AUTO_TEST_CASE(many_values_of_one_header_keep_their_order) {
    std::vector<std::string> values;
    std::string joined;
    for (int i = 0; i < 100; ++i) {
        values.push_back(std::to_string(i * 37 % 100));
        joined += (i == 0 ? "" : ",") + values.back();
    }
    std::vector<field_view> headers;
    for (const std::string& value : values) {
        headers.push_back({"x", value});
    }
    BOOST_TEST(canonical_headers(headers).lines == "x:" + joined + "\n");
}

BOOST_AUTO_TEST_CASE(timestamps) {
    using std::chrono::milliseconds;
    const auto at = vectors::time("2024-02-29T23:59:59Z");
    BOOST_TEST(amz_timestamp(at) == "20240229T235959Z");
    BOOST_TEST(amz_timestamp(at + milliseconds(999)) == "20240229T235959Z");
    BOOST_TEST(amz_timestamp(at + milliseconds(1000)) == "20240301T000000Z");
    BOOST_TEST(amz_timestamp({}) == "19700101T000000Z");
    BOOST_TEST(amz_timestamp(std::chrono::system_clock::time_point(-milliseconds(1))) == "19691231T235959Z");
}

BOOST_AUTO_TEST_CASE(bad_input_is_refused) {
    const hmac_key key(as_key("k"));
    const v4_scope scope{"AKID", "", "us-east-1", "s3", "20260115T123456Z"};
    const auto code_of = [&](const v4_request& request, long seconds, const v4_scope& by) {
        const auto made = v4_presign(request, by, std::chrono::seconds(seconds), key);
        return made ? "fine"sv : sluice::to_string(made.error().code);
    };
    const v4_request good{"GET", "h", "/k"};
    BOOST_TEST(code_of(good, 1, scope) == "fine");
    BOOST_TEST(code_of(good, 604800, scope) == "fine");
    for (const long seconds : {-1L, 0L, 604801L}) {
        BOOST_TEST(code_of(good, seconds, scope) == "sign_failed");
    }
    BOOST_TEST(code_of({"GET", "h", ""}, 1, scope) == "sign_failed");
    BOOST_TEST(code_of({"GET", "h", "k"}, 1, scope) == "sign_failed");
    BOOST_TEST(code_of({"GET", "h", "/k\r\nX: y"}, 1, scope) == "sign_failed");
    BOOST_TEST(code_of({"GET", "", "/k"}, 1, scope) == "sign_failed");
    BOOST_TEST(code_of({"GET", "h\nx:y", "/k"}, 1, scope) == "sign_failed");
    for (const field_view header : {field_view{"", "v"}, {"a\nb", "v"}, {"a", "v\r\nb: c"}, {"a", "v\0"sv}}) {
        v4_request request = good;
        request.headers = {&header, 1};
        BOOST_TEST(code_of(request, 1, scope) == "sign_failed");
    }
    v4_scope bad = scope;
    bad.access_key_id = "AK\nID";
    BOOST_TEST(code_of(good, 1, bad) == "sign_failed");
    bad = scope;
    bad.session_token = "to\rken";
    BOOST_TEST(code_of(good, 1, bad) == "sign_failed");
}

BOOST_AUTO_TEST_CASE(each_input_changes_the_key) {
    const auto key = v4_signing_key("secret", "20260115", "us-east-1", "s3");
    BOOST_TEST((key != v4_signing_key("secreT", "20260115", "us-east-1", "s3")));
    BOOST_TEST((key != v4_signing_key("secret", "20260116", "us-east-1", "s3")));
    BOOST_TEST((key != v4_signing_key("secret", "20260115", "us-east-2", "s3")));
    BOOST_TEST((key != v4_signing_key("secret", "20260115", "us-east-1", "iam")));
}

BOOST_AUTO_TEST_SUITE_END()
