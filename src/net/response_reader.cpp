#include "response_reader.hpp"

#include <sluice/http/framing.hpp>

#include <algorithm>
#include <cstring>

namespace sluice::net {
namespace {

/// Less room than this behind a head is not worth a read.
constexpr std::size_t min_room = std::size_t{4} * 1024;

} // namespace

std::unique_ptr<client_response::reader> client_response::reader::take(std::uint32_t header_limit) {
    auto spare = spares::take();
    return spare && spare->header_limit == header_limit ? std::move(spare) : std::make_unique<reader>(header_limit);
}

void client_response::reader::give_back(std::unique_ptr<reader> used) noexcept {
    used->release_canceler();
    used->connected = lease();
    used->release_body();
    if (used->options.secret_response) {
        OPENSSL_cleanse(used->head_buffer.data(), used->head_buffer.size());
    }
    if (used->head_buffer.size() == initial_size) {
        spares::keep(std::move(used));
    }
}

void client_response::reader::begin_response(lease l, const send_options& o) {
    parser.reset();
    connected = std::move(l);
    options = o;
    if (options.canceler != nullptr) {
        options.canceler->set_pending(connection::close_at, &*connected);
    }
    source = connected->source;
    data = head_buffer.data();
    capacity = head_buffer.size();
    floor = begin = end = 0;
    received = filled = done = false;
    ahead = {};
    outcome = {};
    decoded = 0;
}

awaitable<result<void>> client_response::reader::read_more_head() {
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
        if (options.secret_response) {
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
    received = true;
    co_return result<void>{};
}

awaitable<result<void>> client_response::reader::read_head() {
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

void client_response::reader::decode_ahead() {
    while (ahead.empty() && !done && outcome && begin < end) {
        auto step = parser.parse_body(unread());
        if (!step) {
            outcome = of_peer(step.error());
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

result<std::string_view> client_response::reader::take_decoded() {
    decode_ahead();
    if (ahead.empty() && !outcome) {
        return outcome.error();
    }
    const auto content = std::exchange(ahead, {});
    decode_ahead(); // so that `complete` is true as early as possible
    return content;
}

void client_response::reader::make_room() {
    const auto kept = end - begin;
    const bool in_head_buffer = data == head_buffer.data();
    const auto room = capacity - floor - kept;
    if (in_head_buffer && (filled || room < min_room)) {
        body_bytes.allocate();
        std::memcpy(body_bytes.data(), data + begin, kept);
        data = body_bytes.data();
        capacity = body_buffer::size;
        floor = 0;
    } else {
        std::memmove(data + floor, data + begin, kept);
    }
    begin = floor;
    end = floor + kept;
}

result<void> client_response::reader::body_ended(error e) {
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

awaitable<result<void>> client_response::reader::fill() {
    make_room();
    start_body_timeout();
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

awaitable<result<std::size_t>> client_response::reader::read_direct(asio::mutable_buffer out) {
    auto most = static_cast<std::uint64_t>(out.size());
    if (parser.body() == http::body_kind::length) {
        most = std::min(most, parser.content_length() - decoded); // what follows is another message's
    }
    start_body_timeout();
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
            co_return error{errc::protocol_error, source, false, "malformed body"};
        }
        rest.remove_prefix(step->consumed);
        done = step->done;
    }
    decoded += *n;
    co_return *n;
}

} // namespace sluice::net
