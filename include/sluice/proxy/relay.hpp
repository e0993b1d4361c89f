#pragma once

#include <sluice/proxy/donor.hpp>
#include <sluice/proxy/exchange.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace sluice::proxy {

/// Passes the client's request to the app as it came and the app's answer back, streamed both ways; on a 101 it becomes
/// a tunnel until either side ends.
///
/// Hop-by-hop fields end here (RFC 9110 §7.6.1), fields owned by Sluice are set anew. An app that cannot be reached is
/// a 502, one that is late a 504, each with a plain body; a failure after the head cuts the connection, so that no
/// client takes a cut body for a whole one. `extra_fields`: whole lines, CRLF included, added to the response's head
/// (`Cache-Status` of a fallback).
///
/// Completes when the answer was sent or the connection is to be closed (`x.keep_alive` is then false). Never throws.
awaitable<void> relay(exchange& x, std::string_view extra_fields);

/// An app's 200 that names an object instead of sending it.
struct named_object {
    std::string value; ///< of the field
    donated fields;    ///< the answer's others, for the client
};

/// As `relay`, but without Range: and where the app answers 200 with one `route_field` (lower case), nothing of that
/// answer is passed on, and what it names is given instead. The field never reaches the client.
awaitable<std::optional<named_object>> relay_unless_named(exchange& x, std::string_view route_field,
                                                          bool cors_configured);

/// Sends an answer's head without a body, to a HEAD that the app's answer to the gate denied. `fields`: whole lines.
awaitable<void> answer_head(exchange& x, unsigned status, std::string_view fields);

/// Sends a short plain-text answer of ours; a 204 without it. `extra_fields` as above. Sets status and head_sent.
awaitable<void> answer(exchange& x, unsigned status, std::string_view body, std::string_view extra_fields);

/// The fields that Sluice sets on every request to the app, as whole lines: X-Forwarded-For, -Proto, -Host, -Port,
/// X-Real-IP; believed and extended from trusted proxies, replaced from all others. Appends to `out`.
void append_forwarded_fields(std::string& out, const exchange& x);

/// Which of a client's fields a request to the app carries.
enum class carried_fields : std::uint8_t {
    all,           ///< the relayed request itself: all but hop-by-hop and owned ones
    without_range, ///< the same, also without Range and If-Range
    for_subrequest ///< the gate's question: also without Range, If-*, Accept-Encoding, Expect and body fields
};

/// Appends the client's fields that the app may see, as whole lines, in their order.
void append_client_fields(std::string& out, const exchange& x, carried_fields which);

} // namespace sluice::proxy
