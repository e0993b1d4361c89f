#include <sluice/http/fields.hpp>
#include <sluice/http/framing.hpp>
#include <sluice/net/client.hpp>
#include <sluice/net/piece.hpp>

#include <openssl/crypto.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

namespace sluice::net {
namespace {

constexpr std::size_t first_buffer = 16 * 1024;
/// Less room than this behind a head is not worth a read.
constexpr std::size_t least_room = 4 * 1024;
constexpr std::size_t kept_readers = 128;

/// `Keep-Alive: timeout=5`, as Node, Apache and others send it; 0 where it is absent or unreadable.
std::chrono::milliseconds keep_alive_hint(const http::response_head& head) {
    auto rest = head.fields.value("keep-alive");
    while (auto member = http::next_list_member(rest)) {
        constexpr std::string_view key = "timeout=";
        if (member->size() > key.size() && http::same_name(member->substr(0, key.size()), key)) {
            unsigned seconds = 0;
            const auto digits = member->substr(key.size());
            const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
            if (ec == std::errc() && end == digits.data() + digits.size() && seconds <= 3600) {
                return std::chrono::seconds(seconds);
            }
        }
    }
    return std::chrono::milliseconds(0);
}

/// An answer that has no content by rule and whose head announces some all the same: there are servers that then send
/// it, which would be read as the answer to the next request. `to_head`: it answers a HEAD, to which one that names no
/// length announces content as well (RFC 9112 §6.3, the last rule).
bool announces_content(const http::response_head& head, bool to_head) {
    const auto length = head.fields.value("Content-Length");
    return head.fields.find("Transfer-Encoding") != nullptr ||
           (length.empty() ? to_head && head.status != 204 && head.status != 304 : length != "0");
}

} // namespace

/// The reader of one response. A thread keeps a few for its next ones: a parser and its buffer cost more to make than
/// to keep.
struct client_response::impl {
    explicit impl(std::uint32_t limit)
        : header_limit(limit)
        , parser(limit)
        , head_buffer(first_buffer) {}

    static std::vector<std::unique_ptr<impl>>& spare();
    static std::unique_ptr<impl> take(std::uint32_t limit);
    void begin_response(lease l, const send_options& o);

    awaitable<result<void>> read_head();
    awaitable<result<void>> read_more_head();
    void take_ahead();
    result<std::string_view> take_piece();
    awaitable<result<void>> fill();
    void make_room();
    result<void> body_ended(error e);
    [[nodiscard]] bool may_be_reused() const;
    awaitable<result<std::size_t>> read_direct(asio::mutable_buffer out);

    /// Gives the body's buffer to whoever wants it next.
    void release_body() noexcept {
        if (options.secret_answer && body_buffer) {
            OPENSSL_cleanse(body_buffer.data(), piece::size);
        }
        body_buffer.release();
    }

    /// The connection is let go of: nobody is to close it any more.
    void release_canceler() noexcept {
        if (auto* canceler = std::exchange(options.canceler, nullptr)) {
            canceler->in_use_ = nullptr;
        }
    }

    [[nodiscard]] std::string_view unread() const { return {data + begin, end - begin}; }
    [[nodiscard]] bool complete() const { return done && ahead.empty() && !failed; }
    void arm_body() {
        connected->timer().expires_after(options.body_timeout ? options.response_timeout
                                                              : std::chrono::milliseconds(0));
    }
    /// The parser cannot know who answers; the connection's own errors carry it.
    [[nodiscard]] error of_peer(error e) const {
        e.source = source;
        return e;
    }

    std::uint32_t header_limit;
    http::response_parser parser;
    lease connected;
    send_options options;
    error_source source{error_source::origin};
    std::vector<char> head_buffer;
    piece body_buffer; // once a body comes in larger pieces than fit behind the head
    char* data{nullptr};
    std::size_t capacity{0};
    std::size_t floor{0}; // where the head ends: nothing below it is overwritten
    std::size_t begin{0};
    std::size_t end{0};
    bool filled{false}; // the last read took all the room there was
    bool done{false};
    std::string_view ahead{};    // content that was decoded and not given yet
    std::optional<error> failed; // what comes after it
    std::uint64_t decoded{0};    // content in all
};

std::vector<std::unique_ptr<client_response::impl>>& client_response::impl::spare() {
    thread_local std::vector<std::unique_ptr<impl>> readers = [] {
        std::vector<std::unique_ptr<impl>> v;
        v.reserve(kept_readers); // so that giving one back cannot throw
        return v;
    }();
    return readers;
}

std::unique_ptr<client_response::impl> client_response::impl::take(std::uint32_t limit) {
    auto& readers = spare();
    if (!readers.empty()) {
        auto last = std::move(readers.back());
        readers.pop_back();
        if (last->header_limit == limit) {
            return last;
        }
    }
    return std::make_unique<impl>(limit);
}

void client_response::recycle(impl* i) noexcept {
    std::unique_ptr<impl> owned(i);
    owned->release_canceler();
    owned->connected = lease();
    owned->release_body();
    if (owned->options.secret_answer) {
        OPENSSL_cleanse(owned->head_buffer.data(), owned->head_buffer.size());
    }
    auto& readers = impl::spare();
    if (readers.size() < kept_readers && owned->head_buffer.size() == first_buffer) {
        readers.push_back(std::move(owned));
    }
}

void client_response::impl::begin_response(lease l, const send_options& o) {
    parser.reset();
    connected = std::move(l);
    options = o;
    if (options.canceler != nullptr) {
        options.canceler->in_use_ = &*connected;
    }
    source = connected->source;
    data = head_buffer.data();
    capacity = head_buffer.size();
    floor = begin = end = 0;
    filled = done = false;
    ahead = {};
    failed.reset();
    decoded = 0;
}

awaitable<result<void>> client_response::impl::read_more_head() {
    if (begin > 0) {
        std::memmove(data, data + begin, end - begin); // what is behind an interim head
        end -= begin;
        begin = 0;
    }
    if (end == capacity) {
        // The parser refuses what is longer than its limit, so this ends.
        std::vector<char> larger(capacity * 2);
        std::memcpy(larger.data(), data, end);
        head_buffer.swap(larger);
        if (options.secret_answer) {
            OPENSSL_cleanse(larger.data(), larger.size());
        }
        data = head_buffer.data();
        capacity = head_buffer.size();
    }
    auto n = co_await connected->read_some(asio::buffer(data + end, capacity - end));
    if (!n) {
        co_return n.error();
    }
    end += *n;
    co_return result<void>{};
}

awaitable<result<void>> client_response::impl::read_head() {
    if (parser.has_head()) {
        parser.reset(); // the last one was interim
        done = false;
    }
    if (options.head_request) {
        parser.expect_no_body();
    }
    for (;;) {
        if (end > begin) {
            auto size = parser.parse_head(unread());
            if (!size) {
                co_return of_peer(size.error());
            }
            if (*size != 0) {
                begin += *size;
                break;
            }
        }
        auto more = co_await read_more_head();
        if (!more) {
            co_return more.error();
        }
    }
    const auto& head = parser.head();
    auto framed = http::check_response(head, source);
    if (!framed) {
        co_return framed.error();
    }
    floor = begin;
    done = !parser.has_body();
    if (head.status >= 200) {
        connected->timer().clear();
    }
    co_return result<void>{};
}

/// Decodes until there is content, or the end, or no more to decode.
void client_response::impl::take_ahead() {
    while (ahead.empty() && !done && !failed && begin < end) {
        auto step = parser.parse_body(unread());
        if (!step) {
            failed = of_peer(step.error());
            return;
        }
        begin += step->consumed;
        ahead = step->payload;
        decoded += ahead.size();
        done = step->done;
        if (step->consumed == 0) {
            return;
        }
    }
}

/// A piece that is here already; empty where none is.
result<std::string_view> client_response::impl::take_piece() {
    take_ahead();
    if (ahead.empty() && failed) {
        return *failed;
    }
    const auto piece_of_body = std::exchange(ahead, {});
    take_ahead(); // so that `complete` tells as early as can be
    return piece_of_body;
}

void client_response::impl::make_room() {
    const auto kept = end - begin;
    const bool in_head_buffer = data == head_buffer.data();
    const auto room = capacity - floor - kept;
    if (in_head_buffer && (filled || room < least_room)) {
        body_buffer.allocate();
        std::memcpy(body_buffer.data(), data + begin, kept);
        data = body_buffer.data();
        capacity = piece::size;
        floor = 0;
    } else {
        std::memmove(data + floor, data + begin, kept);
    }
    begin = floor;
    end = floor + kept;
}

/// The connection gave no more bytes in a body.
result<void> client_response::impl::body_ended(error e) {
    if (connected->eof()) {
        auto end_of_body = parser.on_eof();
        if (end_of_body) {
            done = true;
            return {};
        }
        return of_peer(end_of_body.error());
    }
    if (e.code == errc::connection_lost) {
        e.code = errc::short_body;
    }
    return e;
}

/// Reads more of the body into the buffer.
awaitable<result<void>> client_response::impl::fill() {
    make_room();
    arm_body();
    const auto room = capacity - end;
    if (room == 0) {
        co_return error{errc::protocol_error, source, false, "chunk framing too large"};
    }
    auto n = co_await connected->read_some(asio::buffer(data + end, room));
    if (!n) {
        co_return body_ended(n.error());
    }
    connected->timer().clear();
    filled = *n == room;
    end += *n;
    co_return result<void>{};
}

/// Reads a body that is not chunked straight to where it is wanted.
awaitable<result<std::size_t>> client_response::impl::read_direct(asio::mutable_buffer out) {
    auto most = static_cast<std::uint64_t>(out.size());
    if (parser.body() == http::body_kind::length) {
        most = std::min(most, parser.content_length() - decoded); // what follows is another message's
    }
    arm_body();
    auto n = co_await connected->read_some(asio::buffer(out.data(), static_cast<std::size_t>(most)));
    if (!n) {
        auto ended = body_ended(n.error());
        if (!ended) {
            co_return ended.error();
        }
        co_return std::size_t{0};
    }
    connected->timer().clear();
    std::string_view rest(static_cast<const char*>(out.data()), *n);
    while (!rest.empty()) {
        auto step = parser.parse_body(rest);
        if (!step || step->consumed == 0) {
            co_return error{errc::protocol_error, source, false, "body not understood"};
        }
        rest.remove_prefix(step->consumed);
        done = step->done;
    }
    decoded += *n;
    co_return *n;
}

client_response::client_response(lease l, const send_options& options)
    : impl_(impl::take(options.header_limit).release(), &client_response::recycle) {
    impl_->begin_response(std::move(l), options);
}

awaitable<result<void>> client_response::read_head() {
    return impl_->read_head();
}

const http::response_head& client_response::head() const noexcept {
    return impl_->parser.head();
}

http::body_kind client_response::body() const noexcept {
    return impl_->parser.body();
}

std::uint64_t client_response::content_length() const noexcept {
    return impl_->parser.content_length();
}

bool client_response::keep_alive() const noexcept {
    return impl_->parser.keep_alive();
}

awaitable<result<std::string_view>> client_response::read_body() {
    for (;;) {
        auto here = impl_->take_piece();
        if (!here || !here->empty() || impl_->complete()) {
            co_return here;
        }
        auto filled = co_await impl_->fill();
        if (!filled) {
            co_return filled.error();
        }
    }
}

result<std::string_view> client_response::try_read_body() {
    auto& i = *impl_;
    auto here = i.take_piece();
    if (!here || !here->empty() || i.complete()) {
        return here;
    }
    i.make_room();
    auto n = i.connected->try_read_some(asio::buffer(i.data + i.end, i.capacity - i.end));
    if (!n) {
        auto ended = i.body_ended(n.error());
        if (!ended) {
            return ended.error();
        }
        return std::string_view{};
    }
    i.filled = *n == i.capacity - i.end && *n != 0;
    i.end += *n;
    return i.take_piece();
}

awaitable<result<std::size_t>> client_response::read_body_into(asio::mutable_buffer out) {
    auto& i = *impl_;
    for (;;) {
        i.take_ahead();
        if (!i.ahead.empty()) {
            const auto n = std::min(i.ahead.size(), out.size());
            std::memcpy(out.data(), i.ahead.data(), n);
            i.ahead.remove_prefix(n);
            if (i.ahead.empty()) {
                i.take_ahead();
            }
            co_return n;
        }
        if (i.failed) {
            co_return *i.failed;
        }
        if (i.done) {
            co_return std::size_t{0};
        }
        if (i.parser.body() != http::body_kind::chunked) {
            auto direct = co_await i.read_direct(out);
            co_return direct;
        }
        auto filled = co_await i.fill();
        if (!filled) {
            co_return filled.error();
        }
    }
}

void client_response::set_timeout(std::chrono::milliseconds silence) {
    impl_->options.response_timeout = silence;
    impl_->options.body_timeout = silence.count() > 0;
}

bool client_response::complete() const noexcept {
    return impl_->complete();
}

bool client_response::has_piece() const noexcept {
    return !impl_->ahead.empty();
}

bool client_response::untouched() const noexcept {
    return impl_->begin == impl_->end && !impl_->parser.has_head();
}

std::string_view client_response::leftover() const noexcept {
    return impl_->unread();
}

/// Only where the answer was whole, delimited itself, and left nothing unread behind it. Stores are kept after a HEAD
/// as well: what they send is asked for by us alone, and an idle connection on which something came is not used again.
bool client_response::impl::may_be_reused() const {
    const bool whole =
        complete() && parser.has_head() && parser.head().status >= 200 && parser.keep_alive() && begin == end;
    const bool without_content = parser.body() == http::body_kind::none;
    return whole &&
           (source != error_source::app || !without_content || !announces_content(parser.head(), options.head_request));
}

void client_response::finish() {
    auto& i = *impl_;
    if (!i.connected) {
        return;
    }
    i.release_canceler();
    if (i.may_be_reused()) {
        i.connected->keep_alive_hint = keep_alive_hint(i.parser.head());
        i.connected->rests = i.source == error_source::app && i.parser.body() == http::body_kind::none;
        i.connected.give_back();
    } else {
        i.connected->close();
        i.connected = lease();
    }
    i.release_body();
}

connection& client_response::transport() noexcept {
    return *impl_->connected;
}

awaitable<result<client_response>> send(connection_pool& pool, const peer& p, std::string_view head_and_body,
                                        send_options options) {
    const auto given_up = [&] { return options.canceler != nullptr && options.canceler->canceled(); };
    for (bool fresh = false;; fresh = true) {
        auto leased = co_await pool.acquire(p, fresh);
        if (!leased) {
            co_return leased.error();
        }
        if (given_up()) {
            co_return error{errc::canceled, p.source, false};
        }
        client_response answer(std::move(*leased), options);
        connection& c = answer.transport();
        const bool kept = c.uses > 0;
        const auto before = c.sent;
        c.timer().expires_after(options.write_timeout);
        auto written = co_await c.write(head_and_body);
        if (!written && c.sent == before && kept && !given_up()) {
            continue; // nothing went out: any request may be sent again
        }
        if (!written && written.error().code == errc::timeout) {
            co_return written.error();
        }
        c.timer().expires_after(options.response_timeout);
        // Where only a part could be written, the peer may have answered before it stopped reading.
        auto head = co_await answer.read_head();
        if (head) {
            co_return std::move(answer);
        }
        const bool died = head.error().code == errc::connection_lost && answer.untouched();
        if (!died || !kept || !options.replayable || given_up()) {
            co_return head.error();
        }
    }
}

} // namespace sluice::net
