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
class request_engine;
class response_engine;
} // namespace detail

/// Reads requests, one after the other. Allocates once at construction; not again once `head().fields` has grown to
/// what the connection's messages need.
///
/// Not thread-safe. `head()` holds views: valid while the buffer passed to the successful `parse_head` is neither
/// moved, overwritten nor freed, and until `reset()`. After an error only `reset()` and destruction are allowed.
class request_parser {
public:
    /// `header_limit`: the most bytes of a head, start line and last CRLF included.
    explicit request_parser(std::uint32_t header_limit);
    request_parser(request_parser&&) noexcept;
    request_parser& operator=(request_parser&&) noexcept;
    ~request_parser();

    /// Forgets the message; the next `parse_head` reads a new one.
    void reset();

    /// Looks for a whole head at the beginning of `data`. To be called again with the same bytes and more after them
    /// (the buffer may have moved in between): what was searched is not searched again.
    ///
    /// Returns how many bytes the head takes, empty lines before it included (RFC 9112 §2.2; at most 4 of them);
    /// 0 where more is needed.
    /// Errors (source client): `errc::bad_request`; `errc::header_too_large`. Refused beyond what Beast refuses:
    /// line ends without CR, obs-fold, targets with spaces or control characters (bytes from 0x80 on pass), unless the
    /// version is 1.0 or 1.1.
    [[nodiscard]] result<std::size_t> parse_head(std::string_view data);

    /// The head, once `parse_head` gave its size.
    [[nodiscard]] const request_head& head() const noexcept;
    /// True between a successful `parse_head` and `reset()`.
    [[nodiscard]] bool has_head() const noexcept;

    /// `length` wherever a Content-Length stands (0 too), `chunked`, else `none`. Trust it only after `check_request`
    /// (framing.hpp) has passed the head.
    [[nodiscard]] body_kind body() const noexcept;
    /// True where content follows the head.
    [[nodiscard]] bool has_body() const noexcept;
    /// The Content-Length in bytes; 0 where there is none.
    [[nodiscard]] std::uint64_t content_length() const noexcept;
    /// The client allows another request after this one (RFC 9112 §9.3).
    [[nodiscard]] bool keep_alive() const noexcept;
    /// The whole message has been read.
    [[nodiscard]] bool is_done() const noexcept;

    /// Decodes the next bytes of the body: at most one run of content a call. Where `consumed` is 0 and `done` is
    /// false, more bytes are needed after these. Trailers are consumed and dropped, never merged into `head()`.
    /// Errors (source client): `errc::bad_request` for bad chunk framing, or for more than `max_chunk_framing` of it.
    [[nodiscard]] result<body_step> parse_body(std::string_view data);

    /// The peer has closed: `errc::short_body` within a body, `errc::connection_lost` before the end of a head.
    [[nodiscard]] result<void> on_eof();

private:
    std::unique_ptr<detail::request_engine> engine_;
};

/// Reads responses, one after the other. Lifetimes and allocation as in `request_parser`.
class response_parser {
public:
    /// `source`: who answers (app or origin), for the errors. `header_limit` in bytes.
    explicit response_parser(std::uint32_t header_limit, error_source source = error_source::app);
    response_parser(response_parser&&) noexcept;
    response_parser& operator=(response_parser&&) noexcept;
    ~response_parser();

    /// Forgets the message and `expect_no_body`. Also to be called after each 1xx, whose head is a message of its own.
    void reset();

    /// The answer is to a HEAD: no content whatever its fields say. Call after `reset` and before `parse_head`;
    /// `reset` undoes it, so call it again after a 1xx.
    void expect_no_body();

    /// As `request_parser::parse_head`, but without empty lines before the head.
    /// Errors: `errc::protocol_error`; `errc::header_too_large`.
    [[nodiscard]] result<std::size_t> parse_head(std::string_view data);

    [[nodiscard]] const response_head& head() const noexcept;
    /// True between a successful `parse_head` and `reset()`.
    [[nodiscard]] bool has_head() const noexcept;

    /// `none` for 1xx, 204, 304 and answers to HEAD; `until_close` where neither length nor chunks are given.
    [[nodiscard]] body_kind body() const noexcept;
    /// True where content follows the head.
    [[nodiscard]] bool has_body() const noexcept;
    /// The Content-Length in bytes, for an answer without content too (HEAD, 304); 0 where there is none.
    [[nodiscard]] std::uint64_t content_length() const noexcept;
    /// The connection may carry another exchange after this message.
    [[nodiscard]] bool keep_alive() const noexcept;
    [[nodiscard]] bool is_done() const noexcept;

    /// As `request_parser::parse_body`. Errors: `errc::protocol_error`.
    [[nodiscard]] result<body_step> parse_body(std::string_view data);

    /// The peer has closed: success where that ends the body (`until_close`) or the message was complete;
    /// `errc::short_body` within a body that should have been longer (retryable); `errc::connection_lost` before the
    /// end of a head (retryable).
    [[nodiscard]] result<void> on_eof();

private:
    std::unique_ptr<detail::response_engine> engine_;
};

} // namespace sluice::http
