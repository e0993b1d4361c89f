#pragma once

#include <sluice/net/client_response.hpp>

#include <string_view>

/// Sends requests to the app and to stores.
namespace sluice::net {

/// A request that went out, and its response to be read.
struct sent_request {
    client_response response;
    bool whole; ///< all of it was written; else the peer stopped reading, and may have answered before it did
};

/// Leases a connection and writes `bytes`, a whole request or its beginning. Where a kept connection turns out to be
/// dead before one byte went out, a fresh one is taken: any request may be sent like that. The response has
/// `options.response_timeout` from here on.
///
/// `p`, `bytes` and `options` must live until completion. Errors: as `connection_pool::acquire`; `timeout` where the
/// peer takes nothing for `options.write_timeout`; `canceled`.
awaitable<result<sent_request>> write_request(connection_pool& pool, const peer& p, std::string_view bytes,
                                              const send_options& options, acquire_mode mode = acquire_mode::reuse);

/// `write_request`, and `read_head` once. Where a kept connection dies before one byte of a response came, a
/// `replayable` request is sent again, once, on a fresh one.
///
/// `p` and `head_and_body` must live until completion. Errors: as `write_request` and `read_head`.
awaitable<result<client_response>> send(connection_pool& pool, const peer& p, std::string_view head_and_body,
                                        send_options options);

} // namespace sluice::net
