#pragma once

#include <sluice/base/error.hpp>

#include <string_view>

/// How the failure of an identity service is reported, the same for all clouds.
namespace sluice::identity {

/// Whether a later attempt may succeed without an operator changing anything.
enum class retryable : bool { no, yes };

/// `errc::no_credentials` with the detail "`service`: `what`". `source`: `internal` for what is wrong on this machine
/// (a variable, a file), `origin` for what the service did.
[[nodiscard]] error no_credentials(std::string_view service, std::string_view what, retryable again,
                                   error_source source = error_source::origin);

/// The same for a request that got no response: its detail names the code of `e` and keeps its detail and source.
[[nodiscard]] error no_response(std::string_view service, const error& e, retryable again = retryable::yes);

/// Statuses that are worth another attempt at every service: 408, 429 and 5xx.
[[nodiscard]] retryable retryable_status(unsigned status) noexcept;

} // namespace sluice::identity
