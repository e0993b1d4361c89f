#include <sluice/base/error.hpp>
#include <sluice/metrics/metrics.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

using namespace sluice;
using metrics::outcome;

namespace {

/// The lines that begin with `prefix`.
std::vector<std::string> lines(const std::string& text, std::string_view prefix) {
    std::vector<std::string> found;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with(prefix)) {
            found.push_back(line);
        }
    }
    return found;
}

bool has_line(const std::string& text, std::string_view line) {
    return !lines(text, line).empty();
}

/// All metrics with one route and one store, each counter touched once.
std::string everything() {
    metrics::metrics m;
    m.add_cache_up();
    auto& r = m.route("media");
    r.count_request(outcome::hit, 206);
    r.cache_bytes->Increment(5);
    auto& s = m.store("uploads");
    s.requests->at("206").Increment();
    s.sign->at("ok").Increment();
    return m.text();
}

} // namespace

BOOST_AUTO_TEST_SUITE(all_metrics)

BOOST_AUTO_TEST_CASE(names_and_types) {
    const auto text = everything();
    const std::vector<std::pair<std::string_view, std::string_view>> rows{
        {"requests_total", "counter"},
        {"response_bytes_total", "counter"},
        {"origin_requests_total", "counter"},
        {"origin_bytes_total", "counter"},
        {"origin_hedges_total", "counter"},
        {"origin_first_byte_seconds", "histogram"},
        {"first_byte_seconds", "histogram"},
        {"authorize_total", "counter"},
        {"authorize_seconds", "histogram"},
        {"sign_total", "counter"},
        {"sign_seconds", "histogram"},
        {"fallback_total", "counter"},
        {"decision_bytes", "gauge"},
        {"cache_up", "gauge"},
        {"cache_size_bytes", "gauge"},
        {"cache_limit_bytes", "gauge"},
        {"cache_objects", "gauge"},
        {"cache_blocks", "gauge"},
        {"cache_evictions_total", "counter"},
        {"cache_write_errors_total", "counter"},
        {"fills_in_flight", "gauge"},
        {"fill_joins_total", "counter"},
        {"fill_resumes_total", "counter"},
        {"fill_overlaps_total", "counter"},
        {"fill_overlap_bytes_total", "counter"},
        {"memory_bytes", "gauge"},
        {"memory_streams_joined_total", "counter"},
        {"memory_stream_resumes_total", "counter"},
        {"memory_streams_left_total", "counter"},
        {"memory_exhausted_total", "counter"},
        {"background_revalidations_total", "counter"},
        {"connections", "gauge"},
        {"open_descriptors", "gauge"},
        {"build_info", "gauge"},
        {"config_last_reload_successful", "gauge"},
    };
    for (const auto& [name, type] : rows) {
        const auto line = "# TYPE sluice_" + std::string(name) + " " + std::string(type);
        BOOST_TEST(has_line(text, line), line);
        BOOST_TEST(has_line(text, "# HELP sluice_" + std::string(name) + " "), name);
    }
    BOOST_TEST(has_line(text, "sluice_requests_total{"));
    BOOST_TEST(has_line(text, R"(sluice_response_bytes_total{route="media",source="cache"} 5)"));
    BOOST_TEST(has_line(text, R"(sluice_origin_requests_total{code="206",store="uploads"} 1)"));
    BOOST_TEST(has_line(text, R"(sluice_sign_total{result="ok",store="uploads"} 1)"));
    for (const std::string_view side : {"client", "app", "origin"}) {
        BOOST_TEST(has_line(text, "sluice_connections{side=\"" + std::string(side) + "\"} 0"));
    }
    BOOST_TEST(has_line(text, "sluice_build_info{version=\"" SLUICE_VERSION "\"} 1"));
    BOOST_TEST(has_line(text, "sluice_config_last_reload_successful 1"));
    const auto descriptors = lines(text, "sluice_open_descriptors ");
    BOOST_TEST_REQUIRE(descriptors.size() == 1U);
    BOOST_TEST(std::stod(descriptors[0].substr(descriptors[0].find(' '))) >= 3);
    // Nothing without the prefix.
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        BOOST_TEST((line.starts_with("sluice_") || line.starts_with("# ")), line);
    }
}

BOOST_AUTO_TEST_CASE(outcomes) {
    std::vector<std::string_view> names;
    for (std::size_t o = 0; o < metrics::outcome_count; ++o) {
        names.push_back(to_string(static_cast<outcome>(o)));
    }
    const std::vector<std::string_view> wanted{"hit",   "partial",  "miss",     "stale",  "revalidated", "bypass",
                                               "local", "fallback", "redirect", "denied", "relay"};
    BOOST_TEST(names == wanted, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(known_reasons_are_there_from_the_start) {
    metrics::metrics m;
    auto& r = m.route("media");
    const auto text = m.text();
    for (const auto code : {errc::connect_failed, errc::resolve_failed, errc::tls_failed, errc::connection_lost,
                            errc::timeout, errc::forbidden, errc::not_found, errc::throttled, errc::store_error,
                            errc::unexpected_status, errc::content_encoded, errc::bad_content_range,
                            errc::no_credentials, errc::sign_failed, errc::breaker_open}) {
        const auto line = R"(sluice_fallback_total{reason=")" + std::string(to_string(code)) + R"(",route="media"} 0)";
        BOOST_TEST(has_line(text, line), line);
    }
    for (const std::string_view reason : {"disk_full", "disk_error", "checksum", "locked", "open"}) {
        const auto line = R"(sluice_cache_write_errors_total{reason=")" + std::string(reason) + R"("} 0)";
        BOOST_TEST(has_line(text, line), line);
    }
    for (const std::string_view reason : {"budget", "min_free", "objects"}) {
        BOOST_TEST(has_line(text, R"(sluice_cache_evictions_total{reason=")" + std::string(reason) + R"("} 0)"));
    }
    for (const std::string_view how : {"granted", "cached", "denied", "error"}) {
        BOOST_TEST(has_line(text, R"(sluice_authorize_total{result=")" + std::string(how) + R"(",route="media"} 0)"));
    }
    // The series is the one that is counted.
    r.fallback->at("timeout").Increment();
    m.cache_write_errors->at("disk_full").Increment(2);
    BOOST_TEST(lines(m.text(), R"(sluice_fallback_total{reason="timeout",route="media"})") ==
                   std::vector<std::string>{R"(sluice_fallback_total{reason="timeout",route="media"} 1)"},
               boost::test_tools::per_element());
    BOOST_TEST(has_line(m.text(), R"(sluice_cache_write_errors_total{reason="disk_full"} 2)"));
}

BOOST_AUTO_TEST_CASE(one_set_of_counters_a_name) {
    metrics::metrics m;
    BOOST_TEST(&m.route("a") == &m.route("a"));
    BOOST_TEST(&m.route("a") != &m.route("b"));
    BOOST_TEST(&m.store("a") == &m.store("a"));
    auto& r = m.route("a");
    BOOST_TEST(&r.fallback->at("timeout") == &r.fallback->at("timeout"));
    BOOST_TEST(&r.fallback->at("timeout") != &m.route("b").fallback->at("timeout"));
}

BOOST_AUTO_TEST_CASE(labels_are_bounded) {
    metrics::metrics m;
    auto& s = m.store("uploads");
    for (unsigned code = 100; code < 1000; ++code) {
        s.requests->at(std::to_string(code)).Increment(); // a store may answer anything
    }
    const auto origin = lines(m.text(), "sluice_origin_requests_total{");
    BOOST_TEST(origin.size() == metrics::counter_set::max_values + 1);
    const auto rest = 900 - metrics::counter_set::max_values;
    BOOST_TEST(
        has_line(m.text(), R"(sluice_origin_requests_total{code="other",store="uploads"} )" + std::to_string(rest)));

    auto& r = m.route("relay");
    for (unsigned code = 0; code < 1000; ++code) {
        r.count_request(outcome::relay, code);
        r.count_request(outcome::relay, code);
    }
    r.count_request(outcome::relay, 0xffffffffU);
    const auto requests = lines(m.text(), "sluice_requests_total{");
    BOOST_TEST(requests.size() == 501U);
    BOOST_TEST(has_line(m.text(), R"(sluice_requests_total{code="599",result="relay",route="relay"} 2)"));
    BOOST_TEST(has_line(m.text(), R"(sluice_requests_total{code="other",result="relay",route="relay"} 801)"));
}

BOOST_AUTO_TEST_CASE(labels_are_escaped) {
    metrics::metrics m;
    m.route("a\"} 1\nforged{x=\"\\").count_request(outcome::hit, 200);
    const auto text = m.text();
    BOOST_TEST(!has_line(text, "forged"));
    BOOST_TEST(has_line(text, R"(sluice_requests_total{code="200",result="hit",route="a\"} 1\nforged{x=\"\\"} 1)"));
}

BOOST_AUTO_TEST_CASE(counts_from_many_threads) {
    metrics::metrics m;
    constexpr int each = 2000;
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
        threads.emplace_back([&m] {
            for (int i = 0; i < each; ++i) {
                auto& r = m.route("media");
                r.count_request(outcome::hit, 200U + static_cast<unsigned>(i % 7));
                r.fallback->at("timeout").Increment();
                m.store("uploads").requests->at(std::to_string(200 + i % 7)).Increment();
            }
        });
    }
    (void)m.text(); // a scrape in between
    for (auto& t : threads) {
        t.join();
    }
    const auto text = m.text();
    double sum = 0;
    for (const auto& line : lines(text, "sluice_requests_total{")) {
        sum += std::stod(line.substr(line.rfind(' ')));
    }
    BOOST_TEST(sum == 3.0 * each);
    BOOST_TEST(has_line(text, R"(sluice_fallback_total{reason="timeout",route="media"} 6000)"));
}

BOOST_AUTO_TEST_SUITE_END()
