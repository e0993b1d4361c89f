#pragma once

#include <sluice/relay/upstream.hpp>
#include <sluice/session/exchange.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace sluice::relay {

/// Passes the client's request to the app as it came and the app's answer back, streamed both ways; on a 101 it becomes
/// a tunnel until either side ends.
///
/// Hop-by-hop fields end here (RFC 9110 §7.6.1), fields owned by Sluice are set anew. An app that cannot be reached is
/// a 502, one that is late a 504, each with a plain body; a failure after the head cuts the connection, so that no
/// client takes a cut body for a whole one. `extra_fields`: whole lines, CRLF included, added to the response's head
/// (`Cache-Status` of a fallback).
///
/// Completes when the answer was sent or the connection is to be closed (`x.keep_alive` is then false). Never throws.
awaitable<void> relay(upstream& app, session::exchange& x, std::string_view extra_fields);

/// The beginning of a request's content, as it went to the app.
struct content_copy {
    std::size_t most; ///< bytes; content that is longer is not kept at all
    std::string text{};
    bool whole{true}; ///< false: it was longer

    void add(std::string_view piece) {
        whole = whole && piece.size() <= most - text.size();
        whole ? text.append(piece) : text.assign({});
    }
};

/// Looks at the app's final answer before anything of it is passed on.
class response_filter {
public:
    response_filter() = default;
    response_filter(const response_filter&) = delete;
    response_filter& operator=(const response_filter&) = delete;
    virtual ~response_filter() = default;

    /// False: the answer is not passed on, and the relay completes without one. Views: valid during the call.
    virtual bool on_head(const http::response_head& head) = 0;
    /// There is no answer to be passed on, or only a part of it; called before the client is told, if it still is.
    virtual void on_failure() {}

    content_copy* content{nullptr}; ///< set before: gets a copy of the request's content; outlives the relay
    bool may_name_object{false};    ///< set before: the answer may name an object, so it comes on a connection of those
    bool without_range{false};      ///< set before: the app does not get Range and If-Range
    bool outlives_client{false};    ///< set before: the app's answer is waited for although the client has gone, for
                                    ///< `limits.send_timeout`
    bool request_sent{false};       ///< all of the request went out, its body included
    bool answered{false};           ///< the app's final head has come
    bool retried{false};            ///< the request was sent again after a kept connection died: the first may count
    std::optional<error> failed{};  ///< why there is no answer, once `on_failure` is called by the relay
    std::string failure_fields{};   ///< whole lines for an answer of ours that says so; may be set by `on_failure`
};

/// As `relay`, with `filter` between the app's answer and the client.
awaitable<void> relay_through(upstream& app, session::exchange& x, response_filter& filter,
                              std::string_view extra_fields = {});

} // namespace sluice::relay
