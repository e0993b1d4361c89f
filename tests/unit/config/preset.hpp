#pragma once

#include "loading.hpp"

/// What the tests of the preset share.
namespace loading {

inline const std::string a_preset = an_app + "routes: [{preset: open-webui}]\n";

/// The variables of an app that keeps its files in S3, with some more or others.
inline variables s3_app(const variables& more = {}) {
    variables all{{"STORAGE_PROVIDER", "s3"},
                  {"S3_ACCESS_KEY_ID", "AKIA"},
                  {"S3_SECRET_ACCESS_KEY", "hunter2"},
                  {"S3_REGION_NAME", "eu-central-1"},
                  {"S3_BUCKET_NAME", "media"}};
    for (const auto& [name, value] : more) {
        all[name] = value;
    }
    return all;
}

} // namespace loading
