#pragma once

#include <sluice/proxy/media.hpp>

namespace sluice::proxy {

/// What the gate says of one request.
struct leave {
    verdict said{verdict::error};
    /// With `granted`, where nullptr means that nobody was asked; with `unresolved`, says why (`grant::not_taken`).
    std::shared_ptr<const grant> given{};
    metrics::fallback_reason why{metrics::fallback_reason::authorize_error}; ///< with `error`
    /// With `error`, where requests for one object must not overlap: the object and its caller, who is not known to
    /// have leave and so keeps nobody else waiting.
    std::string turn{};
    std::string set_cookie{};                ///< whole lines, for this caller's response alone
    std::shared_ptr<const denial> refused{}; ///< with `denied`, of a HEAD
    bool client_gone{false};                 ///< nobody is there to get an answer
};

/// Whether this caller may have what the route names: at once for `authorize: none` and for a kept decision, else by a
/// subrequest to the app; identical ones at the same time are one. Where the client leaves meanwhile and nobody else
/// waits for the decision, the subrequest is given up.
///
/// Never fails: an app that is down, late or says anything but yes has not granted. No answer is no denial, though: it
/// is told apart (`error`).
awaitable<leave> authorize(exchange& x, media_services& services, const media_route& route,
                           const std::vector<capture>& captures);

} // namespace sluice::proxy
