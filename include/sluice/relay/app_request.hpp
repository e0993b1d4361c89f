#pragma once

#include <sluice/relay/upstream.hpp>
#include <sluice/session/exchange.hpp>

#include <cstdint>
#include <string>
#include <string_view>

/// What a request to the app says, whoever makes it.
namespace sluice::relay {

/// The fields that Sluice sets on every request to the app, as whole lines: X-Forwarded-For, -Proto, -Host, -Port,
/// X-Real-IP, believed and extended from trusted proxies, replaced from all others; and Via, behind what the client
/// sent of it. Appends to `out`.
void append_forwarded_fields(std::string& out, const session::exchange& x, upstream& app);

/// Whether the request has been here before: its Via field names this process. It came back by way of the app's
/// address, and would go round without end.
[[nodiscard]] bool has_looped(const session::exchange& x, const upstream& app);

/// Which of a client's fields a request to the app carries. The two that ask for leave go without those that steer the
/// app to another question (proxy/steering.hpp).
enum class carried_fields : std::uint8_t {
    all,                  ///< the relayed request itself: all but hop-by-hop and owned ones
    without_range,        ///< the request whose answer names the object: also without Range and If-Range
    for_subrequest,       ///< the gate's question: also without Range, If-*, Accept-Encoding, Expect and body fields
    for_preset_subrequest ///< also without what browsers say of how they fetch: it is known that the app ignores that
};

/// Appends the client's fields that the app may see, as whole lines, in their order.
void append_client_fields(std::string& out, const session::exchange& x, const upstream& app, carried_fields which);

} // namespace sluice::relay
