#include <sluice/session/untrusted_forwarders.hpp>

#include <algorithm>

namespace sluice::session {

bool untrusted_forwarders::is_new(const asio::ip::address& peer) {
    std::array<std::uint8_t, 9> network{};
    const auto put = [&network](std::uint8_t version, const auto& bytes) {
        network[0] = version;
        std::copy_n(bytes.begin(), std::min<std::size_t>(bytes.size(), 8), network.begin() + 1);
    };
    if (peer.is_v6() && peer.to_v6().is_v4_mapped()) {
        put(4, asio::ip::make_address_v4(asio::ip::v4_mapped, peer.to_v6()).to_bytes());
    } else if (peer.is_v6()) {
        put(6, peer.to_v6().to_bytes());
    } else {
        put(4, peer.to_v4().to_bytes());
    }
    const mutex_lock lock(mutex_);
    if (seen_.size() >= max_peers || std::ranges::find(seen_, network) != seen_.end()) {
        return false;
    }
    seen_.push_back(network);
    return true;
}

} // namespace sluice::session
