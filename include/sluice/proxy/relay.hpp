#pragma once

#include <sluice/proxy/exchange.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace sluice::proxy {

/// Passes the client's request to the app as it came and the app's answer back, streamed both ways; on a 101 it becomes
/// a tunnel until either side ends.
///
/// Hop-by-hop fields end here (RFC 9110 §7.6.1), fields owned by Sluice are set anew. An app that cannot be reached is
/// a 502, one that is late a 504, each with a plain body; a failure after the head cuts the connection, so that no
/// client takes a cut body for a whole one. `extra_fields`: whole lines, CRLF included, added to the response's head
/// (`Cache-Status` of a fallback).
///
/// Completes when the answer was sent or the connection is to be closed (`x.keep_alive` is then false). Never throws.
awaitable<void> relay(exchange& x, std::string_view extra_fields);

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
class answer_filter {
public:
    answer_filter() = default;
    answer_filter(const answer_filter&) = delete;
    answer_filter& operator=(const answer_filter&) = delete;
    virtual ~answer_filter() = default;

    /// False: the answer is not passed on, and the relay completes without one. Views: valid during the call.
    virtual bool pass(const http::response_head& head) = 0;
    /// There is no answer to be passed on, or only a part of it; called before the client is told, if it still is.
    virtual void no_answer() {}

    content_copy* content{nullptr}; ///< set before: gets a copy of the request's content; outlives the relay
    bool may_name{false};           ///< set before: the answer may name an object, so it comes on a connection of those
    bool without_range{false};      ///< set before: the app does not get Range and If-Range
    bool for_absent_clients{false}; ///< set before: the app's answer is waited for although the client has gone, for
                                    ///< `limits.send_timeout`
    bool handed_over{false};        ///< all of the request went out, its body included
    bool answered{false};           ///< the app's final head has come
    bool asked_twice{false};        ///< the request was sent again after a kept connection died: the first may count
    std::optional<error> failed{};  ///< why there is no answer, once `no_answer` is called by the relay
    std::string failure_fields{};   ///< whole lines for an answer of ours that says so; may be set by `no_answer`
};

/// As `relay`, with `filter` between the app's answer and the client.
awaitable<void> relay_through(exchange& x, answer_filter& filter, std::string_view extra_fields = {});

/// A whole line: what cannot be answered now may be in a second.
inline constexpr std::string_view retry_soon = "Retry-After: 1\r\n";

/// Sends an answer's head without a body, to a HEAD that the app's answer to the gate denied. `fields`: whole lines.
awaitable<void> answer_head(exchange& x, unsigned status, std::string_view fields);

/// Sends a short plain-text answer of ours; a 204 without it. `extra_fields` as above. Sets status and head_sent.
awaitable<void> answer(exchange& x, unsigned status, std::string_view body, std::string_view extra_fields);

/// As `answer` with a body of another type: `fields` has its Content-Type.
awaitable<void> answer_as(exchange& x, unsigned status, std::string_view body, std::string_view fields);

/// The fields that Sluice sets on every request to the app, as whole lines: X-Forwarded-For, -Proto, -Host, -Port,
/// X-Real-IP, believed and extended from trusted proxies, replaced from all others; and Via, behind what the client
/// sent of it. Appends to `out`.
void append_forwarded_fields(std::string& out, const exchange& x);

/// Whether the request has been here before: its Via field names this process. It came back by way of the app's
/// address, and would go round without end.
[[nodiscard]] bool has_looped(const exchange& x);

/// Which of a client's fields a request to the app carries. The two that ask for leave go without those that steer the
/// app to another question (proxy/steering.hpp).
enum class carried_fields : std::uint8_t {
    all,                  ///< the relayed request itself: all but hop-by-hop and owned ones
    without_range,        ///< the request whose answer names the object: also without Range and If-Range
    for_subrequest,       ///< the gate's question: also without Range, If-*, Accept-Encoding, Expect and body fields
    for_preset_subrequest ///< also without what browsers say of how they fetch: it is known that the app ignores that
};

/// Appends the client's fields that the app may see, as whole lines, in their order.
void append_client_fields(std::string& out, const exchange& x, carried_fields which);

} // namespace sluice::proxy
