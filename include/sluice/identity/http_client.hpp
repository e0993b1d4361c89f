#pragma once

#include <sluice/base/asio.hpp>
#include <sluice/base/secret.hpp>
#include <sluice/config/config.hpp>
#include <sluice/net/connection_pool.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Small HTTP requests to the clouds' identity services.
namespace sluice::identity {

/// One request. Its fields and body may be secrets.
struct http_request {
    std::string method{"GET"};
    config::url server;                                   ///< scheme, host and port; its path is ignored
    std::string target;                                   ///< origin-form: path and query, encoded
    std::vector<std::pair<std::string, secret>> fields{}; ///< besides Host, User-Agent, Accept and Content-Length
    secret body{};
    std::chrono::milliseconds timeout{5000};   ///< to connect, and for each next part of the response
    std::string ca_file{};                     ///< "": the system's
    error_source source{error_source::origin}; ///< the peer; the app is never reached through a proxy
};

/// A whole response.
struct http_response {
    unsigned status{0};
    std::vector<std::pair<std::string, std::string>> fields{};
    secret body{};

    /// The value of the first field `name`, whatever its case; "" where there is none.
    [[nodiscard]] std::string_view field(std::string_view name) const noexcept;
};

/// Sends requests: over a connection pool, or in tests by a script.
class http_client {
public:
    virtual ~http_client() = default;
    /// Errors: as `net::send`, and `header_too_large` for a body of more than 1 MiB. A response of any status is not an
    /// error. Redirects are not followed. `what` must live until completion.
    virtual awaitable<result<http_response>> send(const http_request& what) = 0;
};

/// Sends over the network, from one worker.
class pooled_http_client final : public http_client {
public:
    /// `pool` must outlive this.
    explicit pooled_http_client(net::connection_pool& pool)
        : pool_(pool) {}
    awaitable<result<http_response>> send(const http_request& what) override;

private:
    net::connection_pool& pool_;
};

} // namespace sluice::identity
