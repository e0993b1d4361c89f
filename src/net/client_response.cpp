#include <sluice/http/fields.hpp>

#include "response_reader.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

namespace sluice::net {
namespace {

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

/// A response that has no content by rule, and whose head announces some all the same: some servers then send it, and
/// it would be read as the response to the next request. `to_head`: it answers a HEAD; then one without a length
/// announces content as well (RFC 9112 §6.3, the last rule).
bool announces_content(const http::response_head& head, bool to_head) {
    const auto length = head.fields.value("Content-Length");
    return head.fields.find("Transfer-Encoding") != nullptr ||
           (length.empty() ? to_head && head.status != 204 && head.status != 304 : length != "0");
}

} // namespace

client_response::client_response(lease l, const send_options& options)
    : reader_(reader::take(options.header_limit).release(), &client_response::release) {
    reader_->begin_response(std::move(l), options);
}

void client_response::release(reader* r) noexcept {
    reader::give_back(std::unique_ptr<reader>(r));
}

awaitable<result<void>> client_response::read_head() {
    return reader_->read_head();
}

const http::response_head& client_response::head() const noexcept {
    return reader_->parser.head();
}

http::body_kind client_response::body() const noexcept {
    return reader_->parser.body();
}

std::uint64_t client_response::content_length() const noexcept {
    return reader_->parser.content_length();
}

bool client_response::keep_alive() const noexcept {
    return reader_->parser.keep_alive();
}

awaitable<result<std::string_view>> client_response::read_body() {
    for (;;) {
        auto here = reader_->take_decoded();
        if (!here || !here->empty() || reader_->complete()) {
            co_return here;
        }
        auto filled = co_await reader_->fill();
        if (!filled) {
            co_return filled.error();
        }
    }
}

result<std::string_view> client_response::try_read_body() {
    auto& r = *reader_;
    auto here = r.take_decoded();
    if (!here || !here->empty() || r.complete()) {
        return here;
    }
    r.make_room();
    auto n = r.connected->try_read_some(asio::buffer(r.data + r.end, r.capacity - r.end));
    if (!n) {
        auto ended = r.body_ended(n.error());
        if (!ended) {
            return ended.error();
        }
        return std::string_view{};
    }
    r.filled = *n == r.capacity - r.end && *n != 0;
    r.end += *n;
    return r.take_decoded();
}

awaitable<result<std::size_t>> client_response::read_body_into(asio::mutable_buffer out) {
    auto& r = *reader_;
    for (;;) {
        r.decode_ahead();
        if (!r.ahead.empty()) {
            const auto n = std::min(r.ahead.size(), out.size());
            std::memcpy(out.data(), r.ahead.data(), n);
            r.ahead.remove_prefix(n);
            if (r.ahead.empty()) {
                r.decode_ahead();
            }
            co_return n;
        }
        if (!r.outcome) {
            co_return r.outcome.error();
        }
        if (r.done) {
            co_return std::size_t{0};
        }
        if (r.parser.body() != http::body_kind::chunked) {
            auto direct = co_await r.read_direct(out);
            co_return direct;
        }
        auto filled = co_await r.fill();
        if (!filled) {
            co_return filled.error();
        }
    }
}

void client_response::set_timeout(std::chrono::milliseconds silence, std::string_view setting) {
    reader_->options.response_setting = setting;
    reader_->options.response_timeout = silence;
    reader_->options.body_timeout = silence.count() > 0;
}

void client_response::release_canceler() noexcept {
    reader_->release_canceler();
}

bool client_response::complete() const noexcept {
    return reader_->complete();
}

bool client_response::has_decoded() const noexcept {
    return !reader_->ahead.empty();
}

bool client_response::nothing_received() const noexcept {
    return !reader_->received;
}

std::string_view client_response::leftover() const noexcept {
    return reader_->unread();
}

/// Only where the response was whole, delimited itself, and nothing unread is behind it. Connections to stores are kept
/// also where content is announced, as by every answer to a HEAD: they rest (`needs_cooldown`), and an idle connection
/// on which something came is not reused.
bool client_response::may_be_reused() const {
    const auto& r = *reader_;
    const bool whole = r.complete() && r.parser.has_head() && r.parser.head().status >= 200 && r.parser.keep_alive() &&
                       r.begin == r.end;
    const bool without_content = r.parser.body() == http::body_kind::none;
    return whole && (r.source != error_source::app || !without_content ||
                     !announces_content(r.parser.head(), r.options.head_request));
}

void client_response::finish() {
    auto& r = *reader_;
    if (!r.connected) {
        return;
    }
    r.release_canceler();
    if (may_be_reused()) {
        r.connected->keep_alive_hint = keep_alive_hint(r.parser.head());
        r.connected->needs_cooldown = r.parser.body() == http::body_kind::none;
        r.connected.give_back();
    } else {
        r.connected->close();
        r.connected = lease();
    }
    r.release_body();
}

connection& client_response::transport() noexcept {
    return *reader_->connected;
}

} // namespace sluice::net
