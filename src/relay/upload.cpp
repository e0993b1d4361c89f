#include <sluice/http/chunk.hpp>
#include <sluice/net/body_buffer.hpp>
#include <sluice/session/exchange.hpp>

#include "parts.hpp"

#include <algorithm>
#include <cstring>
#include <exception>

namespace sluice::relay::detail {
namespace {

/// Notifies whoever waits for the upload's end, however it ends.
struct end_notifier {
    explicit end_notifier(upload& of)
        : u(of) {}
    end_notifier(const end_notifier&) = delete;
    end_notifier& operator=(const end_notifier&) = delete;
    ~end_notifier() {
        if (std::uncaught_exceptions() > 0) {
            u.response.transport().close(); // else the app would wait for the rest
        }
        u.running = false;
        u.ended->notify();
    }
    upload& u;
};

/// Writes pieces of a body for the app: as they are, or in chunks.
class body_encoder {
public:
    explicit body_encoder(bool chunked)
        : chunked_(chunked) {}

    void copy(std::string_view payload) {
        if (chunked_) {
            http::append_chunk_header(out, payload.size());
        }
        out.append(payload).append(chunked_ ? http::crlf : std::string_view{});
    }
    /// What stands before `payload` when it is written from where it is; `behind()` follows it.
    void begin_chunk(std::string_view payload) {
        if (chunked_) {
            http::append_chunk_header(out, payload.size());
        }
    }
    [[nodiscard]] std::string_view behind() const { return chunked_ ? http::crlf : std::string_view{}; }
    void end() { out.append(chunked_ ? http::last_chunk : std::string_view{}); }

    std::string out;

private:
    bool chunked_;
};

/// Bytes of the client's body that were read and not decoded.
struct read_window {
    net::body_buffer bytes;
    std::size_t begin{0};
    std::size_t end{0};
    bool filled{false}; // the last read took all the room: there is probably more

    [[nodiscard]] std::string_view view() const { return {bytes.data() + begin, end - begin}; }
};

void client_failed(upload& u, const error& e) {
    u.read_from_client = e;
    u.response.transport().close(); // the app must not take what it got for the whole
}

/// Reads more of the body behind what is left of the last read. No buffer is held while a silent client is waited for,
/// unless half a chunk header stands in it.
awaitable<bool> read_more(upload& u, read_window& w, std::uint64_t max_read) {
    auto& client = u.x.client;
    const auto left = w.end - w.begin;
    if (left == 0 && !w.filled) {
        w.bytes.release();
        auto ready = co_await client.wait_readable();
        if (u.stop) {
            co_return false; // what ended the wait was stop_upload
        }
        if (!ready) {
            client_failed(u, ready.error());
            co_return false;
        }
    }
    w.bytes.allocate();
    std::memmove(w.bytes.data(), w.bytes.data() + w.begin, left);
    w.begin = 0;
    w.end = left;
    const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(net::body_buffer::size - left, max_read));
    auto n = co_await client.read_some(asio::buffer(w.bytes.data() + left, room));
    if (u.stop) {
        co_return false;
    }
    if (!n) {
        client_failed(u, n.error());
        co_return false;
    }
    u.x.expects_continue = false; // it does not, or no longer
    w.filled = *n == room;
    w.end += *n;
    co_return true;
}

/// The app takes bytes within the send time-out; while the client is waited for, the app has all the time.
awaitable<bool> write_to_app(upload& u, std::string_view a, std::string_view b, std::string_view c) {
    auto& app = u.response.transport();
    app.timer().expires_after(u.x.worker.settings->limits.send_timeout, "limits.send_timeout");
    auto written = co_await app.write(a, b, c);
    if (!written) {
        co_return false; // it may have responded before: the reader of the response tells
    }
    app.timer().clear();
    co_return !u.stop;
}

/// Decodes what was read and writes it to the app. False where it cannot go on.
awaitable<bool> pass_window(upload& u, read_window& w, body_encoder& to_app) {
    while (w.begin < w.end && !u.x.parser.is_done()) {
        auto step = u.x.parser.parse_body(w.view());
        if (!step) {
            client_failed(u, step.error());
            co_return false;
        }
        w.begin += step->consumed;
        const auto payload = step->payload;
        u.remaining -= std::min<std::uint64_t>(u.remaining, payload.size());
        if (u.copy != nullptr) {
            u.copy->add(payload);
        }
        if (payload.size() >= small_piece) {
            to_app.begin_chunk(payload);
            const bool more = co_await write_to_app(u, to_app.out, payload, to_app.behind());
            to_app.out.clear();
            if (!more) {
                co_return false;
            }
        } else if (!payload.empty()) {
            to_app.copy(payload);
        }
        if (step->consumed == 0) {
            break;
        }
    }
    if (u.x.parser.is_done()) {
        to_app.end();
    }
    if (!to_app.out.empty()) {
        const bool more = co_await write_to_app(u, to_app.out, {}, {});
        to_app.out.clear();
        co_return more;
    }
    co_return true;
}

awaitable<void> run_upload(upload& u) {
    const end_notifier at_end(u);
    auto& x = u.x;
    const bool by_length = x.parser.body() == http::body_kind::length;
    body_encoder to_app(!by_length);
    read_window w;
    // take_buffered_body left half a chunk header at most.
    if (const auto rest = x.client.buffered(); !rest.empty()) {
        w.bytes.allocate();
        w.end = std::min(rest.size(), net::body_buffer::size / 2);
        std::memcpy(w.bytes.data(), rest.data(), w.end);
        x.client.consume(w.end);
    }
    while (!x.parser.is_done()) {
        const std::uint64_t max_read = by_length ? u.remaining : net::body_buffer::size;
        const bool read = co_await read_more(u, w, max_read);
        if (!read) {
            co_return;
        }
        const bool passed = co_await pass_window(u, w, to_app);
        if (!passed) {
            co_return;
        }
    }
    x.client.unread(w.view());
    x.body_read = true;
    if (!u.head_received) {
        u.response.transport().timer().expires_after(x.worker.settings->app.response_timeout, "app.response_timeout");
    }
}

} // namespace

result<std::uint64_t> take_buffered_body(session::exchange& x, std::string& out, content_copy* copy) {
    body_encoder to_app(x.parser.body() == http::body_kind::chunked);
    std::uint64_t taken = 0;
    while (!x.parser.is_done() && !x.client.buffered().empty()) {
        auto step = x.parser.parse_body(x.client.buffered());
        if (!step) {
            return step.error();
        }
        if (!step->payload.empty()) {
            to_app.copy(step->payload);
            if (copy != nullptr) {
                copy->add(step->payload);
            }
            taken += step->payload.size();
        }
        x.client.consume(step->consumed);
        if (step->consumed == 0) {
            break;
        }
    }
    if (x.parser.is_done()) {
        to_app.end();
        x.body_read = true;
    }
    out.append(to_app.out);
    return taken;
}

void start_upload(upload& u) {
    u.running = true;
    u.x.client.set_body_timeout(u.x.worker.settings->limits.idle_timeout);
    u.x.worker.self.tasks.spawn(run_upload(u));
}

awaitable<void> stop_upload(upload& u) {
    if (u.running) {
        u.stop = true;
        u.x.client.cancel_read();
        u.response.transport().close();
    }
    while (u.running) {
        co_await u.ended->wait();
    }
}

} // namespace sluice::relay::detail
