#include <sluice/base/log.hpp>
#include <sluice/base/scratch.hpp>
#include <sluice/http/chunk.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/relay/app_fields.hpp>
#include <sluice/relay/relay.hpp>
#include <sluice/session/disconnect_watch.hpp>
#include <sluice/session/exchange.hpp>
#include <sluice/session/response_head.hpp>

#include "parts.hpp"

namespace sluice::relay::detail {
namespace {

using http::body_kind;
using session::response_head;

/// How the client sees the end of the body.
enum class framing : std::uint8_t { none, length, chunked, close };

framing framing_for(const session::exchange& x, const net::client_response& response) {
    switch (response.body()) {
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

/// The app's fields that are passed on. True where a Date is among them.
bool add_app_fields(response_head& to, const session::exchange& x, const http::response_head& from) {
    bool dated = false;
    each_passed_field(from, x.worker.settings->object_headers, [&](const http::field_view& field) {
        const bool written = to.add(field);
        dated = dated || (written && http::same_name(field.name, "date"));
    });
    return dated;
}

/// The response headers of a relayed response: the app's end-to-end fields, `added`, and those of the framing.
void append_final_head(std::string& out, session::exchange& x, const net::client_response& response, framing how,
                       const http::header_list& added) {
    const auto& from = response.head();
    response_head head(out, from.status, from.reason);
    if (!add_app_fields(head, x, from)) {
        head.add_date(x);
    }
    head.add(added);
    if (how == framing::close) {
        x.keep_alive = false;
    }
    // What a HEAD or a 304 says of its length is the app's business; a 204 has none (RFC 9110 §8.6).
    const bool has_length = from.status != 204 && from.fields.find("content-length") != nullptr;
    if (how == framing::chunked) {
        head.add_constant("Transfer-Encoding", "chunked");
    } else if (how == framing::length || (how == framing::none && has_length)) {
        head.add("Content-Length", response.content_length());
    }
    head.end(x);
}

/// Copies small pieces that have been read already into `out`, so that they leave in one write. Gives the piece to be
/// written behind them from where it is.
result<std::string_view> gather_pieces(net::client_response& response, std::string_view piece, bool chunked,
                                       std::string& out, std::uint64_t& bytes) {
    constexpr std::size_t max_gathered = 32 * 1024;
    while (!piece.empty() && piece.size() < small_piece && response.has_decoded() && out.size() < max_gathered) {
        if (chunked) {
            http::append_chunk_header(out, piece.size());
        }
        out.append(piece).append(chunked ? http::crlf : std::string_view{});
        bytes += piece.size();
        auto next = response.try_read_body();
        if (!next) {
            return next;
        }
        piece = *next;
    }
    return piece;
}

/// What stands around a piece as a chunk: appends its header to `out`, and gives what follows it.
std::string_view frame_chunk(std::string& out, std::string_view piece, bool last) {
    if (piece.empty()) {
        return last ? http::last_chunk : std::string_view{};
    }
    http::append_chunk_header(out, piece.size());
    return last ? http::crlf_last_chunk : http::crlf;
}

/// Cuts the client off so that it cannot take what it got for the whole. An error where it got nothing at all.
result<void> cut(session::exchange& x, metrics::cut_by by) {
    x.note_cut(by);
    x.keep_alive = false;
    x.client.abort();
    if (!x.head_sent) {
        return error{errc::protocol_error, error_source::app, false, "the response's body is malformed"};
    }
    return {};
}

/// Likewise where the app's response cannot be read on, unless that is because its client has gone.
result<void> cut_broken(session::exchange& x, const error& why, const session::disconnect_watch& watch) {
    if (watch.client_gone()) {
        return cut(x, metrics::cut_by::client);
    }
    if (x.head_sent) {
        log::warn("the app's response broke off, and the client's connection was closed before its end",
                  {{"route", route_name(x)},
                   {"path", http::path_without_query(x.request.target)},
                   {"error", to_string(why.code)},
                   {"detail", why.detail}});
    }
    return cut(x, metrics::cut_by::app);
}

} // namespace

awaitable<result<void>> pass_interim(session::exchange& x, const net::client_response& response) {
    if (x.request.version < 11) {
        co_return result<void>{}; // RFC 9110 §15.2: HTTP/1.0 knows no 1xx
    }
    const auto& from = response.head();
    x.expects_continue = x.expects_continue && from.status != 100;
    std::string out;
    response_head head(out, from.status, from.reason);
    add_app_fields(head, x, from);
    head.end();
    auto written = co_await x.client.write(out);
    if (!written) {
        co_return session::client_gone();
    }
    co_return result<void>{};
}

awaitable<result<void>> pass_switch(session::exchange& x, const net::client_response& response,
                                    const http::header_list& added) {
    const auto& from = response.head();
    std::string out;
    response_head head(out, from.status, from.reason);
    add_app_fields(head, x, from);
    head.add(added);
    head.add_constant("Connection", "Upgrade");
    head.add("Upgrade", from.fields.value("upgrade"));
    head.end();
    x.keep_alive = false;
    x.status = from.status;
    x.note_head_sent();
    const auto behind = response.leftover();
    auto written = co_await x.client.write(out, behind);
    if (!written) {
        co_return session::client_gone();
    }
    x.bytes.app += behind.size();
    co_return result<void>{};
}

awaitable<result<void>> pass_response(session::exchange& x, net::client_response& response,
                                      const http::header_list& added, const session::disconnect_watch& watch) {
    // What came with the head leaves with the head.
    auto piece = response.try_read_body();
    if (!piece) {
        co_return error{errc::protocol_error, error_source::app, false, "the response's body is malformed"};
    }
    const auto how = framing_for(x, response);
    const bool chunked = how == framing::chunked;
    scratch room;
    std::string& out = room.text;
    append_final_head(out, x, response, how, added);
    for (;;) {
        std::uint64_t bytes = 0;
        piece = gather_pieces(response, *piece, chunked, out, bytes);
        if (!piece) {
            co_return cut_broken(x, piece.error(), watch);
        }
        bytes += piece->size();
        const bool end = response.complete();
        const std::string_view behind = chunked ? frame_chunk(out, *piece, end) : std::string_view{};
        if (!x.head_sent) {
            x.note_head_sent();
            x.status = response.head().status;
        }
        auto written = co_await x.client.write(out, *piece, behind);
        if (!written) {
            co_return cut(x, metrics::cut_by::client);
        }
        x.bytes.app += bytes;
        if (end) {
            co_return result<void>{};
        }
        out.clear();
        piece = co_await response.read_body();
        if (!piece) {
            co_return cut_broken(x, piece.error(), watch);
        }
    }
}

} // namespace sluice::relay::detail
