#pragma once

#include <sluice/http/header_list.hpp>
#include <sluice/relay/upstream.hpp>
#include <sluice/session/exchange.hpp>

#include <string>
#include <string_view>

namespace sluice::relay {

/// How far a forwarded request came.
struct forward_progress {
    bool request_sent{false}; ///< all of it went out, its body included
    bool retried{false};      ///< it was sent again after a reused connection died: the first may have had its effect
};

/// The beginning of a message's content.
struct content_copy {
    std::size_t max_size; ///< bytes; content that is longer is not kept at all
    std::string text{};   ///< "" where it is not whole
    bool whole{true};     ///< false: it was longer, or did not come

    /// Takes the next bytes of the content.
    void add(std::string_view piece) {
        whole = whole && piece.size() <= max_size - text.size();
        whole ? text.append(piece) : text.assign({});
    }
    /// The rest will not come.
    void drop() {
        whole = false;
        text.clear();
    }
};

/// Looks at the app's final response before anything of it is passed on.
class response_filter {
public:
    response_filter() = default;
    response_filter(const response_filter&) = delete;
    response_filter& operator=(const response_filter&) = delete;
    virtual ~response_filter() = default;

    /// False: the response is not passed on, and `forward` completes without one. A 101 is passed on whatever is said.
    /// Views: valid during the call.
    virtual bool on_head(const http::response_head& head, const forward_progress& progress) = 0;
    /// After `on_head` said false: whether `on_content` is to be told.
    [[nodiscard]] virtual bool asks_for_content() const { return false; }
    /// Whether the response that is not passed on has any content: after its first byte, its end, or
    /// `fallback.after`, when it counts as if it had.
    virtual void on_content(bool /*has_content*/) {}
    /// Gets the content of a response that is not passed on; what is longer, or breaks off, is not kept. nullptr:
    /// nobody wants it, and its connection is closed. Called once `on_head` has said false.
    virtual content_copy* held_content() { return nullptr; }
    /// There is no response to be passed on, or only a part of it; called before the client is told, if it still can
    /// be. Gives the fields of the response that tells it; none: `forward_options::added_fields`.
    virtual http::header_list on_failure(const error& /*why*/, const forward_progress& /*progress*/) { return {}; }
};

/// How a request is forwarded. What it refers to must outlive the call.
struct forward_options {
    response_filter* filter{nullptr};
    http::header_list added_fields{}; ///< to the response's head, whoever makes it: `Cache-Status` of a fallback
    content_copy* content{nullptr};   ///< gets a copy of the request's content
    /// The response may name an object to be sent instead: the app gets no field by which a caller could steer which
    /// one, and the response comes on a connection of `object_header_pool`.
    bool may_name_object{false};
    bool outlives_client{false}; ///< the app's response is waited for though the client has gone, for
                                 ///< `limits.send_timeout`
};

/// The plain relay: nothing is added and nothing filtered. Lives forever.
inline const forward_options plain_relay{};

/// Forwards the client's request to the app as it came and the app's response back, streamed both ways; after a 101 it
/// is a tunnel until either side ends.
///
/// Hop-by-hop fields end here (RFC 9110 §7.6.1), fields that Sluice owns are set anew. An app that cannot be reached is
/// a 502, one that is late a 504, each with a plain body (failure.hpp); a failure after the head cuts the connection,
/// so that no client takes a part of the body for the whole.
///
/// Completes when the response was sent or the connection is to be closed (`x.keep_alive` is then false). Throws
/// nothing but what the filter throws. `options` must live until completion.
awaitable<void> forward(upstream& app, session::exchange& x, const forward_options& options = plain_relay);

} // namespace sluice::relay
