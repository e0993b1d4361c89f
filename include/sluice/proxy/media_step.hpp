#pragma once

#include <sluice/authorize/decision.hpp>
#include <sluice/base/error.hpp>
#include <sluice/metrics/outcome.hpp>

#include <cstdint>

/// What a media request does next, after each phase that can end it. Pure. Between attempts to deliver:
/// media/attempt_rules.hpp.
namespace sluice::proxy {

/// After it was authorized.
enum class auth_step : std::uint8_t {
    deliver,          ///< look up and deliver
    send_denial,      ///< respond with the head of the response that denied
    relay_denied,     ///< the app responds itself, as if nobody stood before it
    relay_unresolved, ///< the app responds: it allowed something that cannot be served from here
    fall_back,        ///< the app responds although it did not decide: bounded, as this is a fault
    drop_client       ///< nobody is left to respond to
};

/// `has_denial`: the head of the denying response is there (to a HEAD request: apps without HEAD would respond to it
/// with any page, while what they responded to the subrequest's GET is right).
[[nodiscard]] auth_step after_authorization(authorize::auth_decision d, bool client_gone, bool has_denial) noexcept;

/// What a request was whose subrequest did not allow it, by the status that its client got in the end (0: none): a
/// refusal below 400 is none, the app served after it.
[[nodiscard]] metrics::outcome outcome_of_denied(unsigned final_status) noexcept;

/// Whether a response of the app with this status may name an object in the route's `object_header`: 200, and what it
/// makes of the client's Range, 206 and 416, which says nothing of the object's own ranges.
[[nodiscard]] bool may_name_object(unsigned status) noexcept;

/// After the delivery failed.
enum class failure_step : std::uint8_t {
    cut,        ///< close the connection, so that no client takes a part for the whole
    send_error, ///< 404 or 502: the app is not asked once more
    fall_back,  ///< the app responds in place of the store
    drop_client ///< nobody is left to respond to
};

/// What became of the request at the app before the delivery began.
enum class app_response : std::uint8_t {
    none,     ///< it was not relayed
    held_back ///< the app responded, and named the object in that response (`object_header`)
};

/// `e`: why the delivery failed. `head_sent`: the client has a head already, so that nothing else can be sent.
[[nodiscard]] failure_step after_failure(const error& e, bool head_sent, app_response so_far) noexcept;

} // namespace sluice::proxy
