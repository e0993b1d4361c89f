#pragma once

#include <sluice/config/load.hpp>
#include <sluice/origin/kinds/table.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What the tests of loading share.
namespace loading {

using namespace sluice;
using namespace sluice::config;

inline load_options options(variables environment = {}) {
    load_options o;
    o.environment = std::move(environment);
    o.automatic_workers = 3;
    o.directory = "/conf";
    o.read_file = [](const std::filesystem::path& path) -> result<std::string> {
        if (path == "/conf/secret" || path == "/run/secret") {
            return std::string("from a file\n");
        }
        if (path == "/run/empty") {
            return std::string("\r\n\n");
        }
        if (path == "/run/binary") {
            return std::string("a\0b", 3);
        }
        return error{errc::bad_config, error_source::internal, false, "No such file or directory"};
    };
    return o;
}

/// The static keys of an S3 store.
inline const static_keys& keys_of(const store& s) {
    return std::get<static_keys>(s.credentials);
}

/// The `type` of a store.
inline std::string type_of(const store& s) {
    return std::string(s.kind->traits().name);
}

/// The configuration in `text`; its faults fail the test.
inline sluice::config::config good(std::string_view text, const load_options& o = options()) {
    auto got = load_text(text, "f", origin::store_kinds(), o);
    if (const auto* faults = std::get_if<std::vector<diagnostic>>(&got)) {
        for (const auto& f : *faults) {
            BOOST_ERROR(to_string(f));
        }
        BOOST_FAIL("does not load");
    }
    return std::get<sluice::config::config>(std::move(got));
}

/// The faults of `text`, one a line as they are printed; "" where it loads.
inline std::string bad(std::string_view text, const load_options& o = options()) {
    const auto got = load_text(text, "f", origin::store_kinds(), o);
    std::string all;
    if (const auto* faults = std::get_if<std::vector<diagnostic>>(&got)) {
        BOOST_TEST(!faults->empty());
        for (const auto& f : *faults) {
            all.append(to_string(f)).append("\n");
        }
    }
    return all;
}

/// That `text` has exactly one fault, at `line`:`column`, whose message has `part`.
inline void one_fault(std::string_view text, const std::string& place, std::string_view part,
                      const load_options& o = options()) {
    const auto all = bad(text, o);
    BOOST_TEST_CONTEXT("wanted " << place << " in\n" << text.substr(0, 400) << "\n=> " << all.substr(0, 400)) {
        BOOST_TEST(std::count(all.begin(), all.end(), '\n') == 1);
        BOOST_TEST(all.starts_with("f:" + place + ": error: "));
        BOOST_TEST(all.find(part) != std::string::npos);
    }
}

/// Line 1 of every small configuration.
inline const std::string an_app = "app: {url: \"http://127.0.0.1:3000\"}\n";

/// Lines 1 to 3: an app and the stores `up` (S3) and `disk` (local, prefix `pub/`).
inline const std::string some_stores =
    an_app + "stores: {disk: {type: local, root: /srv, prefix: pub/}, up: {type: s3, bucket: media, region: r, \n"
             " credentials: {access_key_id: k, secret_access_key: s}}}\n";

} // namespace loading
