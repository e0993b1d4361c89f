#pragma once

#include <sluice/base/clock.hpp>
#include <sluice/config/config.hpp>
#include <sluice/http/head.hpp>
#include <sluice/http/message_parser.hpp>
#include <sluice/metrics/cut_by.hpp>
#include <sluice/metrics/metrics.hpp>
#include <sluice/session/client_connection.hpp>
#include <sluice/session/disconnect_watch.hpp>

#include <memory>
#include <optional>
#include <string>

namespace sluice::session {

/// What every exchange of one worker shares. Lives as long as the worker.
struct worker_context {
    worker& self;
    std::shared_ptr<const config::config> settings;
    metrics::metrics& counters;
    std::string date{};                                 ///< the Date field's value, renewed by the worker's tick
    disconnect_poller poller{settings->app.half_close}; ///< polled by the worker's tick
};

/// Where the bytes of a response's body came from.
struct byte_counts {
    std::uint64_t cache{0};  ///< that lay in the cache when the request came
    std::uint64_t origin{0}; ///< fetched for it, or of a local store's file
    std::uint64_t app{0};
};

/// The state of one request and its response, from the parsed head to the access log line.
struct exchange {
    worker_context& worker;
    client_connection& client;
    const http::request_head& request; ///< views into the client's buffer, valid for the whole exchange
    http::request_parser& parser;      ///< decodes the request's body
    std::string_view target;           ///< in origin form or `*`; differs from request.target for absolute-form

    metrics::outcome outcome{metrics::outcome::relay};
    metrics::route_metrics* route{nullptr}; ///< never null once routed
    unsigned status{0};                     ///< of the final head that was sent; 0: none
    byte_counts bytes{};
    std::string detail{}; ///< why not from the cache; also in Cache-Status
    steady_clock::time_point started{steady_clock::now()};
    std::optional<steady_clock::time_point>
        first_byte{};                        ///< when the first byte of the response was handed to the socket
    steady_clock::duration authorize_time{}; ///< until the app had said whether this is allowed; 0: it was not asked
    steady_clock::duration origin_time{};    ///< in which a store was waited for, see `origin_wait`; 0: none was
    std::optional<metrics::cut_by> cut{};    ///< the response was begun and not sent whole: whose end that was
    bool head_sent{false};                   ///< a final head was begun: nothing else can be sent in its place
    bool body_read{false};                   ///< the request's body was read to its end (or there was none)
    bool keep_alive{true};                   ///< another request may follow on this connection
    /// The client waits for a 100 before it sends the body (RFC 9110 §10.1.1), and the app has not sent it yet.
    bool expects_continue{false};

    /// Nobody is there to get a response: nothing is sent, and nothing follows.
    void drop_client() {
        keep_alive = false;
        client.close();
    }

    /// The response is not sent any further. Nothing where it was not begun, or was cut before.
    void note_cut(metrics::cut_by by) {
        if (head_sent && !cut) {
            cut = by;
        }
    }

    /// The head goes to the socket now, with the first body bytes or without.
    void note_head_sent() {
        head_sent = true;
        if (!first_byte) {
            first_byte = steady_clock::now();
        }
    }
};

/// Counts the time of its life as one in which the exchange had to wait for a store: for the answer or the bytes of a
/// request of its own, or of another's that it follows. One at a time.
class origin_wait {
public:
    explicit origin_wait(exchange& x) noexcept
        : x_(x) {}
    origin_wait(const origin_wait&) = delete;
    origin_wait& operator=(const origin_wait&) = delete;
    ~origin_wait() { x_.origin_time += steady_clock::now() - began_; }

private:
    exchange& x_;
    const steady_clock::time_point began_{steady_clock::now()};
};

} // namespace sluice::session
