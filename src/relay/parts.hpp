#pragma once

#include <sluice/base/async_event.hpp>
#include <sluice/net/client.hpp>
#include <sluice/relay/app_request.hpp>
#include <sluice/relay/relay.hpp>
#include <sluice/session/exchange.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// The parts of the relay: the request to the app, the request's body on its way there, the answer on its way back.
namespace sluice::relay::detail {

/// The protocols that the client asks to upgrade to and that may be relayed: none with a body or HTTP/1.0, and never
/// h2c, whose frames nobody here would check. "" where none remain.
[[nodiscard]] std::string upgrade_protocols(const session::exchange& x);

/// Appends the whole head of the request to the app. `upgrade`: as `upgrade_protocols` gave it.
void append_app_request_head(std::string& head, const session::exchange& x, upstream& app, std::string_view upgrade,
                             carried_fields which);

/// RFC 9110 §9.2.2: doing it twice is like doing it once.
[[nodiscard]] bool is_idempotent(std::string_view method) noexcept;

/// Pieces below this are copied together; larger ones are written from where they are.
inline constexpr std::size_t small_piece = 4 * 1024;

/// Takes what is in the client's buffer of the request's body, and appends it to `out` as the app is to get it.
/// Sets `body_read` where that was all. Gives how many bytes of content it was; `bad_request` for bad chunk framing.
/// `copy`: gets the content, or nullptr.
[[nodiscard]] result<std::uint64_t> take_buffered_body(session::exchange& x, std::string& out, content_copy* copy);

/// The rest of a request's body on its way to the app, in a coroutine beside the one that reads the answer.
struct upload {
    /// `left`: how much of a body with a length is still to come. `copies`: gets the content, or nullptr.
    upload(session::exchange& of, net::client_response& to, std::uint64_t left, content_copy* copies)
        : x(of)
        , answer(to)
        , remaining(left)
        , copy(copies)
        , ended(std::make_shared<event>(of.worker.self.get_executor())) {}

    session::exchange& x;
    net::client_response& answer;
    std::uint64_t remaining;
    content_copy* copy;
    std::shared_ptr<event> ended;
    bool running{false};
    bool stop{false};                  ///< nobody wants the rest
    bool head_received{false};         ///< the app's answer has begun: its time-out is over
    std::optional<error> client_error; ///< the client sent nonsense, fell silent or went away; the app was cut off
};

/// Begins it; runs until the body is read or cannot go on. Then `x.body_read` or `client_error` is set, or neither
/// where the app reads no more (what it answers can still be read).
void start_upload(upload& u);

/// Ends it where it still runs: the app's connection is closed then, the client's is not. Completes when it has ended.
awaitable<void> stop_upload(upload& u);

/// Passes the app's final answer on, head and body. True where the client got all of it. False: the client's connection
/// is closed, cut in a way that no client takes for the end; or, where `x.head_sent` is false, nothing was sent yet and
/// an answer of ours may be.
awaitable<bool> pass_answer(session::exchange& x, net::client_response& answer, std::string_view extra_fields);

/// Passes an interim head (1xx) on to a client that knows them. False where the client is gone.
awaitable<bool> pass_interim(session::exchange& x, const net::client_response& answer);

/// Passes 101 on and what the app sent behind it. False where the client is gone.
awaitable<bool> pass_switch(session::exchange& x, const net::client_response& answer, std::string_view extra_fields);

} // namespace sluice::relay::detail
