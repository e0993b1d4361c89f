#pragma once

#include <sluice/base/clock.hpp>
#include <sluice/identity/environment.hpp>
#include <sluice/identity/google/adc_file.hpp>
#include <sluice/identity/source.hpp>

#include <memory>
#include <string_view>

/// Where Google's access tokens come from. Their `subject` is the service account's e-mail where it is known.
namespace sluice::identity {

/// The scope of every token here: all that IAM allows its identity ("Access scopes": cloud-platform, limited by IAM
/// roles). IAM Credentials (signBlob, generateAccessToken) takes no narrower one, nor does the exchange of a
/// federated token that is then used to impersonate.
inline constexpr std::string_view google_cloud_scope = "https://www.googleapis.com/auth/cloud-platform";

/// The identity of a file.
[[nodiscard]] std::unique_ptr<source<bearer_token>> adc_file_source(adc_file file, wall_clock clock);

/// The service account of a VM, of a GKE workload and the like ("About VM metadata"). No scope is requested: a machine
/// gives those that it was created with, a cluster cloud-platform.
///
/// GCE_METADATA_HOST, or the older GCE_METADATA_ROOT, or GCE_METADATA_IP: another host[:port] than
/// metadata.google.internal. Throws `std::invalid_argument` for anything else. NO_GCE_CHECK=true: there is no metadata
/// server, and each fetch fails.
[[nodiscard]] std::unique_ptr<source<bearer_token>> google_metadata_source(const environment& env, wall_clock clock);

} // namespace sluice::identity
