#pragma once

#include <sluice/base/asio.hpp>

#include <boost/asio/ip/address.hpp>

#include <array>
#include <cstdint>
#include <mutex>
#include <vector>

namespace sluice::session {

/// Which peers that no one told us to trust were seen to send forwarded fields: each is worth one line of the log,
/// since it may be the operator's own proxy, whose word on https and host is then lost. From any thread.
class untrusted_forwarders {
public:
    /// How many are remembered; later ones are not told, so that clients cannot fill the log.
    static constexpr std::size_t most = 100;

    /// True for the first call with this address: of IPv6 with its /64, which is one network; one of IPv4 that is
    /// written in IPv6 is what it is. False beyond `most`.
    bool is_new(const asio::ip::address& peer);

private:
    std::mutex mutex_;
    std::vector<std::array<std::uint8_t, 9>> seen_; ///< 4 or 6, and 8 bytes of the address
};

} // namespace sluice::session
