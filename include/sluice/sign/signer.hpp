#pragma once

#include <sluice/base/asio.hpp>
#include <sluice/base/secret.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::sign {

/// The method a URL is signed for: a URL signed for GET is refused for HEAD by S3.
enum class method : std::uint8_t { get, head };

/// Everything a request to a store needs, made from nothing: no field of a client's is in it.
struct signed_request {
    bool tls{false};
    std::string host; ///< what to connect to and to verify; no brackets, no port
    std::uint16_t port{0};
    std::string authority; ///< the Host field, byte for byte as it was signed
    std::string target;    ///< path and query as signed; a secret while it lives: never logged
    std::vector<std::pair<std::string, secret>> fields; ///< for stores that take a bearer token instead of a URL
    std::chrono::system_clock::time_point expires;      ///< when the store stops accepting it

    /// scheme://authority + target
    [[nodiscard]] std::string url() const;
};

/// Signs requests for one store. Shared by all workers; every member may be called from any thread.
class signer {
public:
    virtual ~signer() = default;

    /// A request for the object `key` (decoded, raw bytes).
    ///
    /// Completes at once where a kept URL is still good for a while; a signer that calls out or uses an RSA key may
    /// suspend. Calls may overlap. `key` must live until completion. It has no cancellation of its own: it is bounded
    /// by its own time-outs. Errors: `errc::no_credentials`, `errc::sign_failed`.
    virtual awaitable<result<signed_request>> sign(std::string_view key, method m) = 0;

    /// Forgets the kept URL of `key`, after the store refused it.
    virtual void forget(std::string_view key, method m) = 0;
};

} // namespace sluice::sign
