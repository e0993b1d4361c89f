#pragma once

#include <sluice/authorize/decision.hpp>
#include <sluice/base/error.hpp>
#include <sluice/metrics/fallback_reason.hpp>

#include <optional>
#include <string>
#include <string_view>

/// What follows from how a subrequest ended. Pure. Whether a response allows at all: allow_rule.hpp.
namespace sluice::authorize {

/// Why there is no decision, where no complete response came: `authorize_timeout` or `authorize_error`.
[[nodiscard]] metrics::fallback_reason reason_without_response(const error& e) noexcept;

/// The same for the log: `code: detail`, or the code alone.
[[nodiscard]] std::string text_of_failure(const error& e);

/// Why an allowing response names no object, where `json_pointer_reader` could not read it: `too_large`, or
/// `unresolved`.
[[nodiscard]] metrics::fallback_reason reason_of_unreadable(const error& e) noexcept;

/// The decision of an allowing response. `why`: the reason for which it gives no object that can be served; nullopt
/// where it gives one, or where the route does not resolve.
[[nodiscard]] auth_decision decision_of(std::optional<metrics::fallback_reason> why) noexcept;

/// What `authorize_total` counts it as: granted, denied, unresolved, timeout or error.
[[nodiscard]] std::string_view result_label(const subrequest_result& r) noexcept;

/// False for a subrequest that was given up because its client had gone: it has no outcome to count.
[[nodiscard]] constexpr bool has_outcome(auth_decision d, bool client_gone) noexcept {
    return !client_gone || d != auth_decision::error;
}

} // namespace sluice::authorize
