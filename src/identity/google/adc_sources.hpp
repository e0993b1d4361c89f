#pragma once

#include <sluice/base/clock.hpp>
#include <sluice/identity/credentials.hpp>
#include <sluice/identity/google/adc_file.hpp>
#include <sluice/identity/source.hpp>

#include <memory>

/// The sources behind a credentials file that take more than one request.
namespace sluice::identity::adc {

/// Exchanges the subject token of a federated identity at Google's Security Token Service.
[[nodiscard]] std::unique_ptr<source<bearer_token>> federation_source(google_external_account who, wall_clock clock);

/// Acts as a service account with the tokens of `own`.
[[nodiscard]] std::unique_ptr<source<bearer_token>> impersonation_source(std::unique_ptr<source<bearer_token>> own,
                                                                         google_impersonation as, wall_clock clock);

} // namespace sluice::identity::adc
