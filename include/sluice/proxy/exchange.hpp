#pragma once

#include <sluice/base/clock.hpp>
#include <sluice/config/config.hpp>
#include <sluice/http/head.hpp>
#include <sluice/http/message_parser.hpp>
#include <sluice/metrics/metrics.hpp>
#include <sluice/net/connection_pool.hpp>
#include <sluice/proxy/absence_watch.hpp>
#include <sluice/proxy/downstream.hpp>
#include <sluice/proxy/untrusted_forwarders.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sluice::proxy {

struct media_services; // the media path's shared state: routes, gate, stores, cache

/// A transfer from an origin that runs on a worker.
class live_fill {
public:
    live_fill() = default;
    live_fill(const live_fill&) = delete;
    live_fill& operator=(const live_fill&) = delete;
    virtual ~live_fill() = default;
    /// Called by the worker's tick: wakes readers for bytes that do not make a step, and ends a wait for the origin
    /// that nobody wants any more.
    virtual void tick() = 0;
};

/// What every exchange of one worker shares. Lives as long as the worker.
struct context {
    worker& self;
    std::shared_ptr<const config::config> settings;
    net::peer app; ///< where the app is
    // What decides who gets a medium travels on connections that carry nothing else.
    net::connection_pool& app_pool;    ///< for what clients ask of the app
    net::connection_pool& ask_pool;    ///< for the gate's subrequests
    net::connection_pool& naming_pool; ///< for requests whose answer may name the object: they are the client's own
    net::connection_pool& origin_pool;
    metrics::metrics& counters;
    metrics::route_metrics& relay_counters;
    media_services* media{nullptr};
    std::string date{};                                 ///< the Date field's value, renewed by the worker's tick
    std::vector<live_fill*> live_fills{};               ///< transfers that run on this worker, for its tick
    absence_watches absences{settings->app.half_close}; ///< clients that something is waited for for, likewise
    /// What this process calls itself in the Via field of requests to the app (RFC 9110 §7.6.3); "": it sends none.
    std::string pseudonym{};
    untrusted_forwarders* forwarders{nullptr}; ///< of the whole process; nullptr: they are not told
    std::string last_forwarder{};              ///< the last that this worker asked it about
};

/// Where the bytes of a response's body came from.
struct byte_counts {
    std::uint64_t cache{0};
    std::uint64_t origin{0};
    std::uint64_t app{0};
};

/// The state of one request and of its answer, from the parsed head to the access log line.
struct exchange {
    context& services;
    downstream& client;
    const http::request_head& request; ///< views into the client's buffer, valid for the whole exchange
    http::request_parser& parser;      ///< decodes the request's body
    std::string_view target;           ///< in origin form or `*`; differs from request.target for absolute-form

    metrics::outcome outcome{metrics::outcome::relay};
    metrics::route_metrics* route{nullptr}; ///< never null once routed
    unsigned status{0};                     ///< of the final head that was sent; 0: none was
    byte_counts bytes{};
    std::string detail{}; ///< why not from the cache; also in Cache-Status
    steady_clock::time_point started{steady_clock::now()};
    std::optional<steady_clock::time_point>
        first_byte{}; ///< when the first byte of the response was handed to the socket
    bool head_sent{false};
    bool body_read{false}; ///< the request's body was read to its end (or there was none)
    bool keep_alive{true}; ///< another request may follow on this connection
    /// The client waits for a 100 before it sends the body (RFC 9110 §10.1.1), which the app has not said yet.
    bool awaits_continue{false};

    /// Nobody is there to get an answer: nothing is sent, and nothing follows.
    void drop_client() {
        keep_alive = false;
        client.close();
    }

    /// The head goes to the socket now, with the first body bytes or without.
    void note_head_sent() {
        head_sent = true;
        if (!first_byte) {
            first_byte = steady_clock::now();
        }
    }
};

} // namespace sluice::proxy
