#pragma once

#include <sluice/base/asio.hpp>
#include <sluice/base/mutex.hpp>

#include <boost/asio/ip/address.hpp>

#include <array>
#include <cstdint>
#include <vector>

namespace sluice::session {

/// Peers outside `trusted_proxies` that were seen to send forwarded fields. Each is worth one line of the log: it may
/// be the operator's own proxy, and what it says of https and the host is then lost. From any thread.
class untrusted_forwarders {
public:
    /// How many are remembered; later ones are not logged, so that clients cannot fill the log.
    static constexpr std::size_t max_peers = 100;

    /// True for the first call with this address, or for IPv6 with its /64, which is one network. An IPv4 address that
    /// is mapped into IPv6 counts as IPv4. False beyond `max_peers`.
    bool is_new(const asio::ip::address& peer);

private:
    mutex mutex_;
    std::vector<std::array<std::uint8_t, 9>> seen_ GUARDED_BY(mutex_); ///< 4 or 6, and 8 bytes of the address
};

} // namespace sluice::session
