#pragma once

#include <sluice/config/redact.hpp>

#include <boost/json.hpp>

#include "loading.hpp"

#include <string>
#include <string_view>

/// Configurations with one store.
namespace loading {

/// A configuration with this one store, in line 2; what is in `keys` begins at column 13.
inline std::string with(const std::string& keys) {
    return an_app + "stores: {u: {" + keys + "}}";
}

inline store made(const std::string& keys, const variables& environment = {}) {
    return good(with(keys), options(environment)).stores.at("u");
}

/// That `keys` have exactly one fault, where `@@` stands in them.
inline void fault_at(std::string keys, std::string_view part, const load_options& o = options()) {
    const auto at = keys.find("@@");
    BOOST_REQUIRE(at != std::string::npos);
    keys.erase(at, 2);
    one_fault(with(keys), "2:" + std::to_string(14 + at), part, o);
}

/// That the store itself is at fault: something is missing.
inline void fault_of(const std::string& keys, std::string_view part) {
    one_fault(with(keys), "2:13", part);
}

inline boost::json::value shown(const std::string& keys) {
    return boost::json::parse(redacted_json(good(with(keys)))).at("stores").at("u");
}

inline const std::string s3 = "type: s3, bucket: media, ";
inline const std::string gcs = "type: gcs, bucket: media, ";
inline const std::string azure = "type: azure, container: media, ";
inline const std::string a_key = R"({"type": "service_account", "client_email": "a@b", "private_key": "hunter2"})";

/// Reads `files` by their names.
inline load_options with_files(const variables& files) {
    auto o = options();
    o.read_file = [files](const std::filesystem::path& path) -> result<std::string> {
        const auto found = files.find(path.string());
        if (found == files.end()) {
            return error{errc::bad_config, error_source::internal, false, "No such file"};
        }
        return found->second;
    };
    return o;
}

} // namespace loading
