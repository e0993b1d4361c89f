#pragma once

#include <sluice/base/error.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace sluice::net {

/// Where to connect and how: a value, shared by every request to one place.
struct peer {
    bool tls{false};
    std::string
        host; ///< a name or a numeric address, no brackets; also SNI and the name that the certificate must carry
    std::uint16_t port{80};
    std::string ca_file;                             ///< a PEM file of authorities; "": the system's
    std::chrono::milliseconds connect_timeout{2000}; ///< look-up, TCP, a proxy and TLS together; 0: none
    error_source source{error_source::origin};       ///< whose fault its errors are

    /// What a pooled connection must share with a request to serve it. Whether it goes through a proxy is no part of
    /// it: that follows from the place itself and from the process's environment, so it cannot differ within a pool
    /// (the app, which is never proxied, has a pool of its own).
    [[nodiscard]] std::string pool_key() const;
    /// True where a connection to `other` may serve a request to this peer: `pool_key()` is the same.
    [[nodiscard]] bool same_endpoint(const peer& other) const noexcept;
};

} // namespace sluice::net
