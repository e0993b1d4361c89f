// The SigV4 suite of aws-c-auth, made for services that are not S3: their paths are normalised, which is done here and
// nowhere else. The file is another project's, so it is not in this repository.
#include <sluice/base/text.hpp>
#include <sluice/sign/signature_v4.hpp>

#include <boost/test/unit_test.hpp>

#include "../vectors.hpp"

#include <algorithm>
#include <iostream>

namespace {

using namespace sluice::sign;
namespace json = boost::json;

struct raw_request {
    std::string method;
    std::string path;
    vectors::pairs query;
    vectors::pairs headers;
    std::string body;
};

std::string take_line(std::string_view& text) {
    const std::string line(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    return line;
}

raw_request parse(std::string_view text) {
    raw_request out;
    const std::string head = take_line(text);
    out.method = head.substr(0, head.find(' '));
    // The path may hold spaces: the target ends at the last one.
    std::string target = head.substr(out.method.size() + 1);
    target.resize(target.rfind(' '));
    const auto question = target.find('?');
    out.path = vectors::percent_decode(target.substr(0, question));
    if (question != std::string::npos) {
        out.query = vectors::split_query(std::string_view(target).substr(question + 1));
    }
    while (!text.empty()) {
        const std::string line = take_line(text);
        if (line.empty()) {
            out.body = text;
            break;
        }
        if (line.front() == ' ') {
            out.headers.back().second += line; // obs-fold: one field
            continue;
        }
        const auto colon = line.find(':');
        out.headers.emplace_back(line.substr(0, colon), line.substr(colon + 1));
    }
    return out;
}

// RFC 3986 §5.2.4, and empty segments removed, as the suite has it.
std::string normalise(std::string_view path) {
    std::vector<std::string_view> kept;
    bool ends_in_slash = false;
    for (std::string_view rest = path; !rest.empty();) {
        rest.remove_prefix(1); // the "/" before each segment
        const std::string_view segment = rest.substr(0, rest.find('/'));
        rest.remove_prefix(segment.size());
        ends_in_slash = segment.empty() || segment == "." || segment == "..";
        if (segment == ".." && !kept.empty()) {
            kept.pop_back();
        } else if (!ends_in_slash) {
            kept.push_back(segment);
        }
    }
    std::string out;
    for (const std::string_view segment : kept) {
        out += '/';
        out += segment;
    }
    return ends_in_slash || out.empty() ? out + "/" : out;
}

struct suite_case {
    const json::object& test;
    raw_request raw;
    std::string token; ///< "" where it is not signed
    std::string timestamp;
    std::string path;
    std::string payload_hash;
};

suite_case prepare(const json::object& test) {
    const json::object& context = test.at("context").as_object();
    suite_case out{test, parse(vectors::text(test, "request")), {}, {}, {}, {}};
    const json::value* const omit = context.if_contains("omit_session_token");
    if (omit == nullptr || !omit->as_bool()) {
        out.token = vectors::text(context.at("credentials").as_object(), "token");
    }
    out.timestamp = amz_timestamp(vectors::time(vectors::text(context, "timestamp")));
    const std::string path = context.at("normalize").as_bool() ? normalise(out.raw.path) : out.raw.path;
    out.path = sluice::percent_encode(path, sluice::slash::keep);
    out.payload_hash = sha256_hex(out.raw.body);
    return out;
}

void check(const suite_case& one, std::string_view mode, const vectors::pairs& query, const vectors::pairs& headers) {
    const json::object& context = one.test.at("context").as_object();
    const json::object& expect = one.test.at(mode).as_object();
    const std::string region = vectors::text(context, "region");
    const std::string service = vectors::text(context, "service");
    const std::string secret = vectors::text(context.at("credentials").as_object(), "secret_access_key");
    const auto query_views = vectors::views(query);
    const auto header_views = vectors::views(headers);
    const hmac_key key(v4_signing_key(secret, one.timestamp.substr(0, 8), region, service));
    const v4_signature steps = v4_sign({one.raw.method, "", one.path, query_views, header_views, one.payload_hash},
                                       {"", "", region, service, one.timestamp}, key);
    BOOST_TEST(steps.canonical_request == vectors::text(expect, "canonical_request"));
    BOOST_TEST(steps.string_to_sign == vectors::text(expect, "string_to_sign"));
    BOOST_TEST(steps.signature == vectors::text(expect, "signature"));
}

void run_header(const suite_case& one) {
    vectors::pairs headers = one.raw.headers;
    headers.emplace_back("X-Amz-Date", one.timestamp);
    if (!one.token.empty()) {
        headers.emplace_back("X-Amz-Security-Token", one.token);
    }
    if (one.test.at("context").at("sign_body").as_bool()) {
        headers.emplace_back("x-amz-content-sha256", one.payload_hash);
    }
    check(one, "header", one.raw.query, headers);
}

void run_query(const suite_case& one) {
    const json::object& context = one.test.at("context").as_object();
    const auto header_views = vectors::views(one.raw.headers);
    vectors::pairs query = one.raw.query;
    query.emplace_back("X-Amz-Algorithm", "AWS4-HMAC-SHA256");
    query.emplace_back("X-Amz-Credential", vectors::text(context.at("credentials").as_object(), "access_key_id") + "/" +
                                               one.timestamp.substr(0, 8) + "/" + vectors::text(context, "region") +
                                               "/" + vectors::text(context, "service") + "/aws4_request");
    query.emplace_back("X-Amz-Date", one.timestamp);
    query.emplace_back("X-Amz-Expires", std::to_string(context.at("expiration_in_seconds").as_int64()));
    query.emplace_back("X-Amz-SignedHeaders", canonical_headers(header_views).signed_headers);
    if (!one.token.empty()) {
        query.emplace_back("X-Amz-Security-Token", one.token);
    }
    check(one, "query", query, one.raw.headers);
}

} // namespace

BOOST_AUTO_TEST_SUITE(aws_suite)

BOOST_AUTO_TEST_CASE(generic_services) {
    const std::filesystem::path path = std::filesystem::path(SLUICE_SHARED_VECTORS) / "aws_sigv4_suite.json";
    if (!std::filesystem::exists(path)) {
        std::cerr << "SKIPPED: aws_sigv4_suite.json is not here, 76 cases not run\n"; // visible at any log level
        return;
    }
    const json::value file = vectors::read(path);
    const json::value* const tests = file.as_object().if_contains("tests");
    int run = 0;
    int skipped = 0;
    for (const json::value& value : (tests != nullptr ? *tests : file.at("cases")).as_array()) {
        const json::object& test = value.as_object();
        BOOST_TEST_CONTEXT("test " << vectors::text(test, "id")) {
            const suite_case one = prepare(test);
            for (const std::string_view mode : {"header", "query"}) {
                if (!test.contains(mode)) {
                    ++skipped;
                    continue;
                }
                BOOST_TEST_CONTEXT("mode " << mode) {
                    mode == "header" ? run_header(one) : run_query(one);
                }
                ++run;
            }
        }
    }
    BOOST_TEST_MESSAGE("aws_sigv4_suite.json: " << run << " run, " << skipped << " skipped");
    BOOST_TEST(run == 76);
}

BOOST_AUTO_TEST_SUITE_END()
