#pragma once

#include <sluice/base/asio.hpp>
#include <sluice/base/secret.hpp>
#include <sluice/net/connection_pool.hpp>
#include <sluice/sign/url_key.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::sign {

/// The method a URL is signed for: S3 refuses HEAD with a URL signed for GET.
enum class method : std::uint8_t { get, head };

/// Everything a request to a store needs, made from scratch: it contains no field of a client.
struct signed_request {
    bool tls{false};
    std::string host; ///< what to connect to and to verify; no brackets, no port
    std::uint16_t port{0};
    std::string authority;                              ///< the Host field, byte for byte as it was signed
    std::string target;                                 ///< path and query as signed; a secret: never logged
    std::vector<std::pair<std::string, secret>> fields; ///< for stores that take a bearer token instead of a URL
    std::chrono::system_clock::time_point expires;      ///< when the store stops accepting it
    /// No extension field (x-goog-…, x-amz-…) may be added: the store refuses those that are not signed.
    bool only_signed_extensions{true};

    /// scheme://authority + target
    [[nodiscard]] std::string url() const;
};

/// What a URL for another party says besides the object.
struct presign_options {
    std::optional<std::chrono::seconds> expires{}; ///< unset: the store's `url_expiry`
    std::string response_content_type{};           ///< the store answers with it as Content-Type; "": as it is stored
    std::string response_content_disposition{};
    std::optional<std::chrono::system_clock::time_point> at{}; ///< signed as of this time; unset: now
    /// `presign` completes by then, with `errc::timeout` (retryable) where it has no URL yet.
    steady_clock::time_point deadline{steady_clock::time_point::max()};
};

/// Signs requests for one store. Shared by all workers; every member may be called from any thread.
class signer {
public:
    virtual ~signer() = default;

    /// A request of our own for the object `key` (decoded, raw bytes): a URL, or one with a bearer field.
    ///
    /// Completes at once where a cached URL is valid for a while; a signer with an RSA key may suspend. Calls may
    /// overlap. `key` must live until completion. It has no cancellation of its own, since it sends no requests.
    /// Errors: `errc::no_credentials` (retryable where a refresh may bring some), `errc::sign_failed`.
    virtual awaitable<result<signed_request>> sign(std::string_view key, method m) = 0;

    /// A URL for another party, which needs no header field: for redirects and `sluice sign`. Cached only where making
    /// it takes a request (by `pool`, of the caller's worker) or an RSA signature. It never outlives the credential:
    /// see `expires`. `key` and `options` must live until completion, `pool` as long as its worker. Errors: as for
    /// `sign`, `errc::sign_failed` for a lifetime that the store does not allow, `errc::timeout` at `options.deadline`.
    virtual awaitable<result<signed_request>> presign(net::connection_pool& pool, std::string_view key, method m,
                                                      const presign_options& options) = 0;

    /// Removes the cached URL of `key`, after the store refused it.
    virtual void forget(std::string_view key, method m) = 0;

    /// What URLs that others signed with this store's own key can be checked with (verify_url.hpp). Never waits. Here:
    /// nothing.
    [[nodiscard]] virtual url_key own_key() const { return {}; }
};

} // namespace sluice::sign
