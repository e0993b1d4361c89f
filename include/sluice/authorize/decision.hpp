#pragma once

#include <sluice/authorize/authorization.hpp>
#include <sluice/metrics/fallback_reason.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace sluice::authorize {

/// How a subrequest ended.
enum class decision : std::uint8_t {
    allowed,
    denied,
    unresolved, ///< the app said yes, but to no object that could be served from here
    error       ///< it did not answer, not wholly, or late
};

/// An answer that denied, without its body.
struct denied_response {
    unsigned status{0};
    http::header_list fields{};
};

/// What the app said, as those learn it too who asked the same at the same time.
struct subrequest_result {
    decision said{decision::error};
    std::shared_ptr<const authorization> given{};                            ///< with `allowed` and `unresolved`
    std::shared_ptr<const denied_response> refused{};                        ///< with `denied`, where a HEAD asked
    metrics::fallback_reason why{metrics::fallback_reason::authorize_error}; ///< with `error`
};

} // namespace sluice::authorize
