#pragma once

#include <sluice/base/async_event.hpp>
#include <sluice/net/client.hpp>
#include <sluice/relay/app_request.hpp>
#include <sluice/relay/relay.hpp>
#include <sluice/session/exchange.hpp>

#include <memory>
#include <string>
#include <string_view>

/// The parts of the relay: the request to the app, the request's body on its way there, the response on its way back.
namespace sluice::relay::detail {

/// The name of the request's route, for the log; "" before it has one.
[[nodiscard]] inline std::string_view route_name(const session::exchange& x) noexcept {
    return x.route != nullptr ? std::string_view(x.route->name) : std::string_view();
}

/// Appends the whole head of the request to the app. `upgrade`: as `upgrade_protocols` gave it.
void append_app_request_head(std::string& head, const session::exchange& x, upstream& app, std::string_view upgrade,
                             carried_fields which);

/// Pieces below this are copied together; larger ones are written from where they are.
inline constexpr std::size_t small_piece = 4 * 1024;

/// Takes what is in the client's buffer of the request's body, and appends it to `out` as the app is to get it.
/// Sets `body_read` where that was all. Gives how many bytes of content it was; `bad_request` for bad chunk framing.
/// `copy`: gets the content, or nullptr.
[[nodiscard]] result<std::uint64_t> take_buffered_body(session::exchange& x, std::string& out, content_copy* copy);

/// The rest of a request's body on its way to the app, in a coroutine beside the one that reads the response.
struct upload {
    /// `left`: how much of a body with a length is still to be read. `copies`: gets the content, or nullptr.
    upload(session::exchange& of, net::client_response& to, std::uint64_t left, content_copy* copies)
        : x(of)
        , response(to)
        , remaining(left)
        , copy(copies)
        , ended(std::make_shared<async_event>(of.worker.self.get_executor())) {}

    session::exchange& x;
    net::client_response& response;
    std::uint64_t remaining;
    content_copy* copy;
    std::shared_ptr<async_event> ended;
    bool running{false};
    bool stop{false};                ///< nobody wants the rest
    bool head_received{false};       ///< the app's response has begun: its time-out is over
    result<void> read_from_client{}; ///< fails where it sent nonsense, fell silent or left; the app was then cut off
};

/// Begins it; runs until the body is read or cannot go on. Then `x.body_read` is set, or `read_from_client` has failed,
/// or neither where the app reads no more (what it responds can still be read).
void start_upload(upload& u);

/// Ends it where it still runs: the app's connection is closed then, the client's is not. Completes when it has ended.
awaitable<void> stop_upload(upload& u);

/// Passes the app's final response on, head and body. Fails where the body is malformed before anything was sent, so
/// that a response of ours may be. Completes without error too where the client's connection was cut amid the body, in
/// a way that no client takes for the end; where it was the app that broke off, and not the client that `watch` saw
/// leave, a warning says so.
awaitable<result<void>> pass_response(session::exchange& x, net::client_response& response,
                                      const http::header_list& added, const session::disconnect_watch& watch);

/// Passes an interim head (1xx) on to a client that knows them. Fails where the client is gone.
awaitable<result<void>> pass_interim(session::exchange& x, const net::client_response& response);

/// Passes 101 on and what the app sent behind it. Fails where the client is gone.
awaitable<result<void>> pass_switch(session::exchange& x, const net::client_response& response,
                                    const http::header_list& added);

} // namespace sluice::relay::detail
