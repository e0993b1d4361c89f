#pragma once

#include <sluice/session/exchange.hpp>

#include <string_view>

/// Responses that Sluice makes itself.
namespace sluice::session {

/// A whole line: what cannot be answered now may be in a second.
inline constexpr std::string_view retry_soon = "Retry-After: 1\r\n";

/// Sends an answer's head without a body, to a HEAD that the app's answer to the gate denied. `fields`: whole lines.
awaitable<void> send_response_head(exchange& x, unsigned status, std::string_view fields);

/// Sends a short plain-text answer of ours; a 204 without it. `extra_fields`: whole lines. Sets status and head_sent.
awaitable<void> send_response(exchange& x, unsigned status, std::string_view body, std::string_view extra_fields);

/// As `send_response` with a body of another type: `fields` has its Content-Type.
awaitable<void> send_response_as(exchange& x, unsigned status, std::string_view body, std::string_view fields);

} // namespace sluice::session
