#pragma once

#include <sluice/base/thread_spares.hpp>
#include <sluice/net/body_buffer.hpp>
#include <sluice/net/client_response.hpp>

#include <openssl/crypto.h>

#include <utility>
#include <vector>

namespace sluice::net {

/// Reads one response. Each thread keeps a few: a parser and its buffer cost more to make than to keep.
struct client_response::reader {
    explicit reader(std::uint32_t limit)
        : header_limit(limit)
        , parser(limit)
        , head_buffer(initial_size) {}

    /// A reader for the next response of this thread: one that was given back, or a new one.
    static std::unique_ptr<reader> take(std::uint32_t header_limit);
    /// Wipes what is secret, and keeps the reader for `take`.
    static void give_back(std::unique_ptr<reader> used) noexcept;
    void begin_response(lease l, const send_options& o);

    /// As `client_response::read_head`.
    awaitable<result<void>> read_head();
    awaitable<result<void>> read_more_head();
    /// Decodes until there is content, or the end, or no more to decode.
    void decode_ahead();
    /// The content that is here already; empty where none is.
    result<std::string_view> take_decoded();
    /// Reads more of the body into the buffer.
    awaitable<result<void>> fill();
    void make_room();
    /// The connection gave no more bytes in a body: whether that ends it.
    result<void> body_ended(error e);
    /// Reads a body that is not chunked straight to where it is wanted.
    awaitable<result<std::size_t>> read_direct(asio::mutable_buffer out);

    /// Returns the body's buffer to the thread's spares.
    void release_body() noexcept {
        if (options.secret_response && body_bytes) {
            OPENSSL_cleanse(body_bytes.data(), body_buffer::size);
        }
        body_bytes.release();
    }

    /// The connection is not ours any more: the canceler must not close it.
    void release_canceler() noexcept {
        if (auto* canceler = std::exchange(options.canceler, nullptr)) {
            canceler->release();
        }
    }

    [[nodiscard]] std::string_view unread() const { return {data + begin, end - begin}; }
    [[nodiscard]] bool complete() const { return done && ahead.empty() && outcome; }
    void start_body_timeout() {
        connected->timer().expires_after(options.body_timeout ? options.response_timeout : std::chrono::milliseconds(0),
                                         options.response_setting);
    }
    /// Sets whose fault a parser's error is; the connection's errors have it.
    [[nodiscard]] error of_peer(error e) const {
        e.source = source;
        return e;
    }

    using spares = thread_spares<std::unique_ptr<reader>, 128>;
    static constexpr std::size_t initial_size = std::size_t{16} * 1024;

    std::uint32_t header_limit;
    http::response_parser parser;
    lease connected;
    send_options options;
    error_source source{error_source::origin};
    std::vector<char> head_buffer;
    body_buffer body_bytes; // once a body comes in larger pieces than fit behind the head
    char* data{nullptr};
    std::size_t capacity{0};
    std::size_t floor{0}; // where the head ends: nothing below it is overwritten
    std::size_t begin{0};
    std::size_t end{0};
    bool received{false}; // a byte of the response has come
    bool filled{false};   // the last read took all the room there was
    bool done{false};
    std::string_view ahead{}; // content that was decoded and not given yet
    result<void> outcome{};   // an error that comes after it
    std::uint64_t decoded{0}; // content in all
};

} // namespace sluice::net
