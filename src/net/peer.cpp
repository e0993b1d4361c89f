#include <sluice/net/peer.hpp>

namespace sluice::net {

std::string peer::pool_key() const {
    // A space can stand in none of the parts but the last.
    return std::string(tls ? "tls " : "tcp ") + host + ' ' + std::to_string(port) + ' ' + ca_file;
}

bool peer::same_endpoint(const peer& other) const noexcept {
    return tls == other.tls && port == other.port && host == other.host && ca_file == other.ca_file;
}

} // namespace sluice::net
