#pragma once

#include <sluice/http/message_parser.hpp>
#include <sluice/net/connection_pool.hpp>
#include <sluice/net/request_canceler.hpp>

#include <chrono>
#include <memory>
#include <string_view>

namespace sluice::net {

/// How one request is sent and its response read.
struct send_options {
    std::chrono::milliseconds response_timeout{0}; ///< to the head; and of silence in a body while it is read; 0: none
    bool head_request{false};                      ///< the response has no body whatever its fields say
    bool replayable{true}; ///< may be sent again, once, where a kept connection died before it answered
    std::uint32_t header_limit{64 * 1024};
    bool body_timeout{true};                        ///< false: a body may be silent for any time (server-sent events)
    std::chrono::milliseconds write_timeout{60000}; ///< of silence while the request is written; 0: none
    bool secret_response{false};                    ///< the buffers that the response was read into are wiped after it
    request_canceler* canceler{nullptr};            ///< null: it cannot be canceled
    std::string_view response_setting{"response_timeout"}; ///< what `response_timeout` is, for the log; lives forever
    std::string_view write_setting{"write_timeout"};       ///< likewise
};

/// One response on a leased connection. Made by `send` and `write_request`; owns the read buffer.
///
/// What `head` shows stays valid until the next `read_head`, `finish`, or its end; what `read_body` gives, until the
/// next call that reads. On one worker; one call at a time. An unfinished one closes its connection when it ends.
class client_response {
public:
    client_response(lease l, const send_options& options);
    client_response(client_response&&) noexcept = default;
    client_response& operator=(client_response&&) noexcept = default;

    /// Reads the next head; interim ones (1xx but 101) count as heads, so call again after them.
    /// Errors: `timeout`, `connection_lost`, `protocol_error`, `header_too_large`.
    awaitable<result<void>> read_head();
    /// The head that was read last; valid until the next call that reads.
    [[nodiscard]] const http::response_head& head() const noexcept;
    /// How its body is framed.
    [[nodiscard]] http::body_kind body() const noexcept;
    /// The length that its head announces; 0 where none.
    [[nodiscard]] std::uint64_t content_length() const noexcept;
    /// The peer allows another request on this connection.
    [[nodiscard]] bool keep_alive() const noexcept;

    /// The next part of the decoded body; empty: it is complete. Errors: `timeout`, `connection_lost`, `short_body`
    /// (the connection ended before the body did), `protocol_error`.
    awaitable<result<std::string_view>> read_body();

    /// As `read_body`, but never waits: empty also where nothing has come yet (see `complete()`).
    result<std::string_view> try_read_body();

    /// As `read_body`, but copies into `out` as much as is there, at least one byte; 0: complete. Where the body is not
    /// chunked it is read straight into `out`, which must live until completion. Not to be mixed with `read_body`.
    awaitable<result<std::size_t>> read_body_into(asio::mutable_buffer out);

    /// All of the body was returned.
    [[nodiscard]] bool complete() const noexcept;

    /// True where the next part is decoded already: `try_read_body` returns it without a system call.
    [[nodiscard]] bool has_decoded() const noexcept;

    /// True where no byte of a response has come, not even of an interim head.
    [[nodiscard]] bool nothing_received() const noexcept;

    /// Bytes that were read past the head, for a tunnel after 101.
    [[nodiscard]] std::string_view leftover() const noexcept;

    /// Returns the connection to its pool if the message is complete, delimits itself, has nothing behind it, and the
    /// peer keeps it alive; else closes it. A connection to the app is closed also where a response without content (to
    /// a HEAD, 204, 304) announced some: what the app then sends would be read as the next response. Where it announced
    /// none, the connection cools down before it is used again, since some servers send content unannounced.
    void finish();

    /// The body may be silent for `silence` from now on (0: for any time), whatever `options` said. `setting`: what
    /// that is, for the log; must live forever.
    void set_timeout(std::chrono::milliseconds silence, std::string_view setting);

    /// Its canceler (see `send_options`) cancels it no longer, and need not outlive it.
    void release_canceler() noexcept;

    /// The connection that it comes on; until `finish`.
    [[nodiscard]] connection& transport() noexcept;

private:
    struct reader;
    static void release(reader* r) noexcept;
    [[nodiscard]] bool may_be_reused() const;
    std::unique_ptr<reader, void (*)(reader*)> reader_;
};

} // namespace sluice::net
