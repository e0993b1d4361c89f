#include <boost/asio/buffer.hpp>

#include "message_engine.hpp"

#include <algorithm>

namespace sluice::http {
namespace detail {
namespace {

/// RFC 9112 §2.2 has a server ignore at least one empty line before a request line; more than a few are an attack.
constexpr std::size_t max_leading_bytes = 8;

/// The first byte of a request line is a tchar, that of a status line the H of HTTP. Checked at once, so that a TLS
/// handshake on a plain port is refused before its first line feed.
bool may_start(char c, bool is_request) {
    return is_request ? static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7f : c == 'H';
}

/// RFC 9112 §3.2 allows ASCII only; bytes above it come from clients that do not encode their UTF-8, and every hop
/// reads them alike. Spaces and control characters are not read alike.
bool is_target_text(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; });
}

/// `0 CRLF` without the CRLF that ends the trailers (RFC 9112 §7.1): the only partial last chunk that is shorter than
/// the five bytes which Beast asserts when it looks at one for the second time.
bool is_cut_last_chunk(std::string_view framing) {
    const std::size_t digits = std::min(framing.find_first_not_of('0'), framing.size());
    return framing.size() < 5 && digits > 0 && framing.substr(digits, 2) == "\r\n";
}

} // namespace

head_scanner::progress head_scanner::scan(std::string_view data, bool skip_empty_lines) {
    for (;;) {
        if (!started_ && line_ < data.size() && data[line_] != '\r') {
            if (!may_start(data[line_], skip_empty_lines))
                return progress::bad;
            started_ = true;
            begin_ = line_;
        }
        if (line_ > begin_ && line_ < data.size() && (data[line_] == ' ' || data[line_] == '\t'))
            return progress::bad; // obs-fold, or white space before the first field (RFC 9112 §2.2)
        const std::size_t lf = data.find('\n', search_);
        if (lf == std::string_view::npos) {
            search_ = data.size();
            return progress::more;
        }
        if (lf == line_ || data[lf - 1] != '\r')
            return progress::bad;
        const bool empty = lf == line_ + 1;
        if (!empty && !started_)
            return progress::bad; // begins with a lone CR
        line_ = search_ = lf + 1;
        if (!empty)
            continue;
        if (started_)
            return progress::complete;
        if (!skip_empty_lines || line_ > max_leading_bytes)
            return progress::bad;
        begin_ = line_;
    }
}

template <bool IsRequest>
void engine<IsRequest>::reset() {
    head.fields.items.clear();
    body = body_kind::none;
    content_length = 0;
    keep_alive = false;
    has_head = false;
    scanner_.reset();
    parser_.emplace(head);
    framing_cut_ = false;
}

template <bool IsRequest>
result<std::size_t> engine<IsRequest>::parse_head(std::string_view data) {
    const auto too_large = [this] { return error{errc::header_too_large, source_, false, "head too large"}; };
    if (has_head)
        return scanner_.end();
    // Nothing beyond the limit is looked at, so that the result does not depend on how the bytes arrived.
    const std::size_t reach = std::size_t{header_limit_} + (IsRequest ? max_leading_bytes : 0);
    const auto scanned = scanner_.scan(data.substr(0, reach), IsRequest);
    if (scanned == head_scanner::progress::bad)
        return fail("malformed line in the head");
    if (scanned == head_scanner::progress::more) {
        if (data.size() >= scanner_.begin() + header_limit_)
            return too_large();
        return std::size_t{0};
    }
    const auto text = data.substr(scanner_.begin(), scanner_.end() - scanner_.begin());
    if (text.size() > header_limit_)
        return too_large();

    boost::beast::error_code ec;
    const std::size_t used = parser_->put(boost::asio::const_buffer(text.data(), text.size()), ec);
    if (ec == boost::beast::http::error::header_limit)
        return too_large();
    if (ec)
        return fail(ec.message());
    if (used != text.size() || !parser_->is_header_done())
        return fail("malformed head");
    if constexpr (IsRequest) {
        if (!is_target_text(head.target))
            return fail("illegal byte in the request target");
    } else {
        if (head.status < 100)
            return fail("illegal status");
    }
    read_framing();
    return scanner_.end();
}

/// Keeps the framing that the head gives: trailers may change the flags in Beast's parser.
template <bool IsRequest>
void engine<IsRequest>::read_framing() {
    has_head = true;
    const bool coded = head.fields.find("transfer-encoding") != nullptr;
    const auto length = parser_->content_length();
    content_length = length.value_or(0);
    // RFC 9112 §9.3
    keep_alive = head.version >= 11 ? !head.fields.has_token("connection", "close")
                                    : head.fields.has_token("connection", "keep-alive");
    if constexpr (IsRequest) {
        body = length ? body_kind::length : parser_->chunked() ? body_kind::chunked : body_kind::none;
    } else {
        if (parser_->skip() || head.status < 200 || head.status == 204 || head.status == 304) {
            body = body_kind::none;
            // A 204 that announces content may well send it: then the next answer would begin inside it.
            if (head.status == 204 && !parser_->skip() && (coded || content_length != 0))
                keep_alive = false;
        } else if (length) {
            body = body_kind::length;
        } else if (parser_->chunked()) {
            body = body_kind::chunked;
        } else {
            body = body_kind::until_close;
            keep_alive = false;
        }
    }
}

template <bool IsRequest>
result<body_step> engine<IsRequest>::parse_body(std::string_view data) {
    body_step step;
    step.done = parser_->is_done();
    parser_->payload = {};
    // Without `eager` Beast stops behind each chunk header, and behind each run of content.
    while (!step.done && step.payload.empty() && step.consumed < data.size()) {
        const auto rest = data.substr(step.consumed);
        if (framing_cut_ && is_cut_last_chunk(rest))
            break;
        boost::beast::error_code ec;
        step.consumed += parser_->put(boost::asio::const_buffer(rest.data(), rest.size()), ec);
        step.payload = parser_->payload;
        step.done = parser_->is_done();
        framing_cut_ = ec == boost::beast::http::error::need_more;
        if (framing_cut_) {
            // Only chunk framing can ask for more bytes than are there.
            if (data.size() - step.consumed > max_chunk_framing)
                return fail("chunk framing too large");
            break;
        }
        if (ec)
            return fail(ec.message());
    }
    return step;
}

template <bool IsRequest>
result<void> engine<IsRequest>::on_eof() {
    const bool retryable = !IsRequest;
    if (!has_head)
        return error{errc::connection_lost, source_, retryable, "closed before the end of a head"};
    if (parser_->is_done())
        return {};
    boost::beast::error_code ec;
    parser_->put_eof(ec);
    if (ec || body != body_kind::until_close)
        return error{errc::short_body, source_, retryable, "closed within a body"};
    return {};
}

template class engine<true>;
template class engine<false>;

} // namespace detail

template <bool IsRequest>
message_parser<IsRequest>::message_parser(std::uint32_t header_limit, error_source source)
    : engine_(std::make_unique<detail::engine<IsRequest>>(header_limit, source)) {}
template <bool IsRequest>
message_parser<IsRequest>::message_parser(message_parser&&) noexcept = default;
template <bool IsRequest>
message_parser<IsRequest>& message_parser<IsRequest>::operator=(message_parser&&) noexcept = default;
template <bool IsRequest>
message_parser<IsRequest>::~message_parser() = default;

template <bool IsRequest>
void message_parser<IsRequest>::reset() {
    engine_->reset();
}
template <bool IsRequest>
result<std::size_t> message_parser<IsRequest>::parse_head(std::string_view data) {
    return engine_->parse_head(data);
}
template <bool IsRequest>
auto message_parser<IsRequest>::head() const noexcept -> const head_type& {
    return engine_->head;
}
template <bool IsRequest>
bool message_parser<IsRequest>::has_head() const noexcept {
    return engine_->has_head;
}
template <bool IsRequest>
body_kind message_parser<IsRequest>::body() const noexcept {
    return engine_->body;
}
template <bool IsRequest>
bool message_parser<IsRequest>::has_body() const noexcept {
    return body() != body_kind::none && (body() != body_kind::length || content_length() != 0);
}
template <bool IsRequest>
std::uint64_t message_parser<IsRequest>::content_length() const noexcept {
    return engine_->content_length;
}
template <bool IsRequest>
bool message_parser<IsRequest>::keep_alive() const noexcept {
    return engine_->keep_alive;
}
template <bool IsRequest>
bool message_parser<IsRequest>::is_done() const noexcept {
    return engine_->is_done();
}
template <bool IsRequest>
result<body_step> message_parser<IsRequest>::parse_body(std::string_view data) {
    return engine_->parse_body(data);
}
template <bool IsRequest>
result<void> message_parser<IsRequest>::on_eof() {
    return engine_->on_eof();
}

template class message_parser<true>;
template class message_parser<false>;

void response_parser::expect_no_body() {
    engine_->expect_no_body();
}

} // namespace sluice::http
