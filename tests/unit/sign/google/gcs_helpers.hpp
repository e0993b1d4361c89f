#pragma once

#include <sluice/config/config.hpp>
#include <sluice/sign/signer.hpp>

#include "../../identity/scripted_client.hpp"
#include "../vectors.hpp"

/// What the tests of Cloud Storage's signers share.
namespace gcs_test {

using namespace std::chrono_literals;
using sluice::sign::signed_request;
using time_point = std::chrono::system_clock::time_point;

inline const std::string email = "signer@p.iam.gserviceaccount.com";

inline sluice::config::store bucket(std::chrono::milliseconds expiry = 1h) {
    sluice::config::store store;
    store.bucket = "test-bucket";
    store.url_expiry = expiry;
    return store;
}

inline std::string code_of(const sluice::result<signed_request>& made) {
    return made ? "fine" : std::string(sluice::to_string(made.error().code));
}

inline std::string parameter(const signed_request& made, std::string_view name) {
    for (const auto& [key, value] : vectors::split_query(made.target.substr(made.target.find('?') + 1))) {
        if (key == name) {
            return value;
        }
    }
    return {};
}

} // namespace gcs_test
