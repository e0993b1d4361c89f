#include <sluice/base/scratch.hpp>
#include <sluice/http/chunk.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/relay/app_fields.hpp>
#include <sluice/relay/relay.hpp>
#include <sluice/session/exchange.hpp>
#include <sluice/session/response_head.hpp>

#include "parts.hpp"

#include <algorithm>
#include <array>

namespace sluice::relay {
namespace {

using http::body_kind;

/// How the client sees the end of the body.
enum class framing : std::uint8_t { none, length, chunked, close };

framing framing_for(const session::exchange& x, const net::client_response& answer) {
    switch (answer.body()) {
    case body_kind::none:
        return framing::none;
    case body_kind::length:
        return framing::length;
    case body_kind::chunked:
    case body_kind::until_close:
        break;
    }
    return x.request.version >= 11 ? framing::chunked : framing::close;
}

void append_final_head(std::string& out, session::exchange& x, const net::client_response& answer, framing how,
                       std::string_view extra_fields) {
    const auto& head = answer.head();
    session::append_status_line(out, head.status, head.reason);
    const bool dated = append_app_fields(out, head, x.worker.settings->object_headers);
    if (!dated) {
        session::append_date(out, x);
    }
    out.append(extra_fields);
    if (how == framing::close) {
        x.keep_alive = false;
    }
    // What a HEAD or a 304 says of its length is the app's business; a 204 has none (RFC 9110 §8.6).
    const bool said = head.status != 204 && head.fields.find("content-length") != nullptr;
    if (how == framing::chunked) {
        out.append("Transfer-Encoding: chunked\r\n");
    } else if (how == framing::length || (how == framing::none && said)) {
        out.append("Content-Length: ").append(std::to_string(answer.content_length())).append(http::crlf);
    }
    session::end_head(out, x);
}

/// Copies small pieces that are here already into `out`, so that they leave in one write. Gives the piece to be written
/// behind them from where it is.
result<std::string_view> gather_pieces(net::client_response& answer, std::string_view piece, bool chunked,
                                       std::string& out, std::uint64_t& bytes) {
    constexpr std::size_t most = 32 * 1024;
    while (!piece.empty() && piece.size() < detail::small_piece && answer.has_piece() && out.size() < most) {
        if (chunked) {
            http::append_chunk_header(out, piece.size());
        }
        out.append(piece).append(chunked ? http::crlf : std::string_view{});
        bytes += piece.size();
        auto next = answer.try_read_body();
        if (!next) {
            return next;
        }
        piece = *next;
    }
    return piece;
}

/// Cuts the client off so that it cannot take what it got for the whole.
bool cut(session::exchange& x) {
    x.keep_alive = false;
    x.client.abort();
    return false;
}

} // namespace

bool append_app_fields(std::string& out, const http::response_head& head, std::span<const std::string> hidden) {
    const http::hop_by_hop hop(head.fields);
    bool dated = false;
    for (const auto& f : head.fields.items) {
        if (!http::same_name(f.name, "content-length") && !hop.strips(f.name) && !http::is_one_of(hidden, f.name)) {
            const bool written = http::append_field(out, f.name, f.value);
            dated = dated || (written && http::same_name(f.name, "date"));
        }
    }
    return dated;
}

namespace detail {

awaitable<bool> pass_interim(session::exchange& x, const net::client_response& answer) {
    if (x.request.version < 11) {
        co_return true; // RFC 9110 §15.2: HTTP/1.0 knows no 1xx
    }
    x.awaits_continue = x.awaits_continue && answer.head().status != 100;
    std::string out;
    session::append_status_line(out, answer.head().status, answer.head().reason);
    append_app_fields(out, answer.head(), x.worker.settings->object_headers);
    out.append(http::crlf);
    auto written = co_await x.client.write(out);
    co_return written.has_value();
}

awaitable<bool> pass_switch(session::exchange& x, const net::client_response& answer, std::string_view extra_fields) {
    const auto& head = answer.head();
    std::string out;
    session::append_status_line(out, head.status, head.reason);
    append_app_fields(out, head, x.worker.settings->object_headers);
    out.append(extra_fields).append("Connection: Upgrade\r\n");
    static_cast<void>(http::append_field(out, "Upgrade", head.fields.value("upgrade")));
    out.append(http::crlf);
    x.keep_alive = false;
    x.status = head.status;
    x.note_head_sent();
    const auto behind = answer.leftover();
    auto written = co_await x.client.write(out, behind);
    if (written) {
        x.bytes.app += behind.size();
    }
    co_return written.has_value();
}

awaitable<bool> pass_answer(session::exchange& x, net::client_response& answer, std::string_view extra_fields) {
    // What came with the head leaves with the head.
    auto piece = answer.try_read_body();
    if (!piece) {
        co_return false;
    }
    const auto how = framing_for(x, answer);
    const bool chunked = how == framing::chunked;
    scratch room;
    std::string& out = room.text;
    append_final_head(out, x, answer, how, extra_fields);
    for (;;) {
        std::uint64_t bytes = 0;
        piece = gather_pieces(answer, *piece, chunked, out, bytes);
        if (!piece) {
            co_return cut(x);
        }
        bytes += piece->size();
        const bool end = answer.complete();
        std::string_view behind;
        if (chunked) {
            if (!piece->empty()) {
                http::append_chunk_header(out, piece->size());
                behind = end ? http::crlf_last_chunk : http::crlf;
            } else if (end) {
                behind = http::last_chunk;
            }
        }
        if (!x.head_sent) {
            x.note_head_sent();
            x.status = answer.head().status;
        }
        auto written = co_await x.client.write(out, *piece, behind);
        if (!written) {
            co_return cut(x);
        }
        x.bytes.app += bytes;
        if (end) {
            co_return true;
        }
        out.clear();
        piece = co_await answer.read_body();
        if (!piece) {
            co_return cut(x);
        }
    }
}

} // namespace detail
} // namespace sluice::relay
