#pragma once

#include <sluice/base/error.hpp>
#include <sluice/http/head.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

/// HTTP/1.1 messages read by Boost.Beast's parser into views of the caller's buffer.
namespace sluice::http {

/// The most bytes of chunk framing (a chunk header with its extensions, or the last chunk with all its trailers) that
/// may stand in the buffer without progress. A buffer handed to `parse_body` must be able to hold this much.
inline constexpr std::size_t max_chunk_framing = std::size_t{16} * 1024;

/// The most fields in one head; more are `errc::header_too_large`. Bounds what quadratic look-ups can cost.
inline constexpr std::size_t max_fields = 512;

/// One step of decoding a body.
struct body_step {
    std::size_t consumed{0};    ///< bytes of `data` that are dealt with: drop them before the next call
    std::string_view payload{}; ///< content inside those bytes, a view into `data`; may be empty
    bool done{false};           ///< the message is complete; what follows in `data` is another message's
};

namespace detail {
template <bool IsRequest>
class engine;
template <bool IsRequest>
struct head_of {
    using type = request_head;
};
template <>
struct head_of<false> {
    using type = response_head;
};
} // namespace detail

/// What reading requests and reading responses have in common: messages are read one after the other. Allocates once at
/// construction; not again once `head().fields` has grown to what the connection's messages need.
///
/// Not thread-safe. `head()` holds views: valid while the buffer passed to the successful `parse_head` is neither
/// moved, overwritten nor freed, and until `reset()`. After an error only `reset()` and destruction are allowed. The
/// code of an error is `errc::bad_request` for a request, `errc::protocol_error` for a response, where no other is
/// named.
template <bool IsRequest>
class message_parser {
public:
    /// `request_head` or `response_head`.
    using head_type = typename detail::head_of<IsRequest>::type;

    message_parser(message_parser&&) noexcept;
    message_parser& operator=(message_parser&&) noexcept;
    ~message_parser();

    /// Forgets the message; the next `parse_head` reads a new one.
    void reset();

    /// Looks for a whole head at the beginning of `data`. To be called again with the same bytes and more after them
    /// (the buffer may have moved in between): what was searched is not searched again.
    ///
    /// Returns how many bytes the head takes, of a request the empty lines before it included (RFC 9112 §2.2; at most 4
    /// of them); 0 where more is needed.
    /// Errors: a malformed head; `errc::header_too_large`. Refused beyond what Beast refuses: line ends without CR,
    /// obs-fold, targets with spaces or control characters (bytes from 0x80 on pass), versions other than 1.0 and 1.1.
    [[nodiscard]] result<std::size_t> parse_head(std::string_view data);

    /// The head, once `parse_head` gave its size.
    [[nodiscard]] const head_type& head() const noexcept;
    /// True between a successful `parse_head` and `reset()`.
    [[nodiscard]] bool has_head() const noexcept;

    /// Of a request: `length` wherever a Content-Length stands (0 too), `chunked`, else `none`; trust it only after
    /// `check_request` (framing.hpp) has passed the head. Of a response: `none` for 1xx, 204, 304 and to a HEAD;
    /// `until_close` where neither length nor chunks are given.
    [[nodiscard]] body_kind body() const noexcept;
    /// True where content follows the head.
    [[nodiscard]] bool has_body() const noexcept;
    /// The Content-Length in bytes, of a response without content too (HEAD, 304); 0 where there is none.
    [[nodiscard]] std::uint64_t content_length() const noexcept;
    /// The peer allows another message on the connection (RFC 9112 §9.3).
    [[nodiscard]] bool keep_alive() const noexcept;
    /// The whole message has been read.
    [[nodiscard]] bool is_done() const noexcept;

    /// Decodes the next bytes of the body: at most one run of content a call. Where `consumed` is 0 and `done` is
    /// false, more bytes are needed after these. Trailers are consumed and dropped, never merged into `head()`.
    /// Errors: bad chunk framing, or more than `max_chunk_framing` of it.
    [[nodiscard]] result<body_step> parse_body(std::string_view data);

    /// The peer has closed: success where that ends the body (a response's, `until_close`) or the message was complete;
    /// `errc::short_body` within a body; `errc::connection_lost` before the end of a head. Those of a response are
    /// retryable.
    [[nodiscard]] result<void> on_eof();

protected:
    message_parser(std::uint32_t header_limit, error_source source);

    std::unique_ptr<detail::engine<IsRequest>> engine_;
};

extern template class message_parser<true>;
extern template class message_parser<false>;

/// Reads requests. The errors' source is the client.
class request_parser final : public message_parser<true> {
public:
    /// `header_limit`: the most bytes of a head, start line and last CRLF included.
    explicit request_parser(std::uint32_t header_limit)
        : message_parser(header_limit, error_source::client) {}
};

/// Reads responses.
class response_parser final : public message_parser<false> {
public:
    /// `source`: who answers (app or origin), for the errors. `header_limit` as of `request_parser`.
    explicit response_parser(std::uint32_t header_limit, error_source source = error_source::app)
        : message_parser(header_limit, source) {}

    /// The response is to a HEAD: no content whatever its fields say. Call after `reset` and before `parse_head`;
    /// `reset` undoes it, so call it again after a 1xx, whose head is a message of its own.
    void expect_no_body();
};

} // namespace sluice::http
