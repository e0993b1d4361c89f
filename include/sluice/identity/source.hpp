#pragma once

#include <sluice/base/error.hpp>
#include <sluice/identity/http_client.hpp>

#include <string>

namespace sluice::identity {

/// Where a credential `T` comes from. Used by one coroutine at a time.
template <class T>
class source {
public:
    virtual ~source() = default;
    /// Requests the credential once; never retries. `client` must live until completion. Errors:
    /// `errc::no_credentials`, its detail naming the service and its message, in the cloud's own words where these hold
    /// no secret; `retryable` unless an operator has to change something.
    virtual awaitable<result<T>> fetch(http_client& client) = 0;
    /// For operators: "EC2 instance metadata", "web identity (IRSA)". Of a chain, the link that was asked last.
    [[nodiscard]] virtual std::string name() const = 0;
};

} // namespace sluice::identity
