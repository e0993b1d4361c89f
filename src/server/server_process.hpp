#pragma once

#include <sluice/base/file_pool.hpp>
#include <sluice/base/scoped_count.hpp>
#include <sluice/identity/http_client.hpp>
#include <sluice/server/client_table.hpp>
#include <sluice/server/connection_handler.hpp>
#include <sluice/server/descriptors.hpp>
#include <sluice/server/listener.hpp>
#include <sluice/server/media_setup.hpp>
#include <sluice/server/waiting_line.hpp>

#include <boost/asio/basic_signal_set.hpp>

#include "worker_state.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

namespace sluice::server {

/// The process while it serves: its workers, what they share, and the way from start to drain. Its functions are in
/// `server.cpp` (start and end), `accept.cpp`, `gauges.cpp` and `drain.cpp`.
class server_process {
public:
    /// Throws where something cannot be set up.
    explicit server_process(std::shared_ptr<const config::config> settings);

    /// Serves until a signal and the end of the drain. Returns the process's exit code. Once. Throws where something
    /// cannot be set up (an address in use).
    int run();

private:
    cache::cache_observer observer();
    void open_listeners();
    void open_admin_listener();
    void start_accepting();

    void on_connection(worker_state& w, tcp_socket socket);
    bool close_idle(worker_state& w);
    admission admit(const tcp_socket& socket, client_table::place& place);
    awaitable<void> counted_connection(worker_state& w, tcp_socket socket, admission as, client_table::place place,
                                       scoped_count<unsigned> slot);

    void tick(worker_state& w);
    void refresh_gauges();

    awaitable<void> await_signal(asio::basic_signal_set<executor>& signals);
    void stop_accepting();
    awaitable<void> drain(worker_state& w);
    void close_admin();
    /// Stops a worker that something is suspended on which nothing resumes; `run` then exits without destroying it.
    void abandon(worker_state& w);

    [[nodiscard]] worker_state& first() { return *workers_.front(); }

    std::shared_ptr<const config::config> settings_;
    metrics::metrics counters_;
    file_pool reads_;
    file_pool writes_;
    cache::object_cache cache_;
    /// Where stores are reached through a proxy; an error: they cannot be reached.
    result<std::shared_ptr<const net::proxy_settings>> outbound_;
    media_setup setup_;
    media::slot_limit fills_;
    media::memory_streams memory_;
    media::slot_limit encoders_{media::max_encoders};
    media::lookup_flights lookups_;
    media::slot_limit revalidations_{media::max_background_revalidations};
    authorize::shared_state decisions_;
    media::fallback_state fallback_;
    session::untrusted_forwarders forwarders_;
    std::vector<std::unique_ptr<worker_state>> workers_;
    std::optional<identity::pooled_http_client> identity_caller_; ///< of the first worker
    std::unique_ptr<tcp_acceptor> admin_;                         ///< on the first worker, as are the next two
    std::vector<tcp_socket*> admin_sockets_;
    waiting_line admin_waiting_;
    std::optional<descriptor_reserve> admin_reserve_;
    client_table clients_;
    std::atomic<bool> draining_{false};
    std::atomic<bool> abandoned_{false}; ///< see `abandon`
    std::atomic<unsigned> connections_{0};
    std::uint64_t log_dropped_{0}; ///< as it was counted last; on the first worker
};

} // namespace sluice::server
