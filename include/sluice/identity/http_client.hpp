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

/// Small requests to the clouds' identity services.
namespace sluice::identity {

/// One request. Its fields and body may be secrets.
struct call {
    std::string method{"GET"};
    config::url place;                                    ///< scheme, host and port; its path is not used
    std::string target;                                   ///< origin-form: path and query, encoded
    std::vector<std::pair<std::string, secret>> fields{}; ///< besides Host, User-Agent, Accept and Content-Length
    secret body{};
    std::chrono::milliseconds timeout{5000};   ///< to connect, and to each next piece of the answer
    std::string ca_file{};                     ///< "": the system's
    error_source source{error_source::origin}; ///< whom is asked; the app is never asked through a proxy
};

/// An answer, whole.
struct reply {
    unsigned status{0};
    std::vector<std::pair<std::string, std::string>> fields{};
    secret body{};

    /// The value of the first field `name`, whatever its case; "" where there is none.
    [[nodiscard]] std::string_view field(std::string_view name) const noexcept;
};

/// Sends calls: the real one over a connection pool, in tests a script.
class caller {
public:
    virtual ~caller() = default;
    /// Errors as `net::send` has them, and `header_too_large` for a body of more than 1 MiB. An answer of any status is
    /// no error. Redirects are not followed. `what` must live until completion.
    virtual awaitable<result<reply>> send(const call& what) = 0;
};

/// Calls over the network, from one worker.
class http_caller final : public caller {
public:
    /// `pool` must outlive this.
    explicit http_caller(net::connection_pool& pool)
        : pool_(pool) {}
    awaitable<result<reply>> send(const call& what) override;

private:
    net::connection_pool& pool_;
};

} // namespace sluice::identity
