#pragma once

#include <sluice/base/clock.hpp>
#include <sluice/net/connection_pool.hpp>
#include <sluice/origin/store.hpp>
#include <sluice/sign/signer.hpp>

#include <cstdint>
#include <string>

namespace sluice::origin {

/// A URL at a store's own endpoint that somebody else signed. Its target is a secret.
struct foreign_url {
    bool tls{true};
    std::string host; ///< no brackets, no port
    std::uint16_t port{443};
    std::string authority; ///< the Host field, as it was signed
    std::string target;    ///< path and query, raw
    sign::method m{sign::method::get};
};

/// Whether `s` gives out the object for that very URL: asked for its first byte by GET, or for its head by HEAD, with
/// nothing of the client's. False too where it does not answer in time, or its breaker is open: nobody has said yes.
///
/// Completes by `give_up`. The arguments must live until completion. `key`: of the object, for the log.
awaitable<bool> is_honored(net::connection_pool& pool, store& s, const foreign_url& url, std::string_view key,
                           steady_clock::time_point give_up);

} // namespace sluice::origin
