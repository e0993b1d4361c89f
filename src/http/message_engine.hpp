#pragma once

#include <sluice/http/message_parser.hpp>

#include <boost/beast/http/basic_parser.hpp>

#include <limits>
#include <optional>
#include <string>

/// What `message_parser` is made of. Included by message_parser.cpp alone, so that Beast's headers stay
/// out of everybody else's translation units.
namespace sluice::http::detail {

/// Finds the end of a head without reading any byte twice, and refuses what no line of a head may be: an LF without
/// its CR, a continuation line (obs-fold, RFC 9112 §5.2). Early, so that a peer that never sends CRLF gets its response
/// now and not at the header timeout.
class head_scanner {
public:
    enum class progress : std::uint8_t { more, complete, bad };

    void reset() { *this = head_scanner{}; }

    /// `data` is what was given before and perhaps more after it. `begin()` and `end()` delimit a complete head.
    progress scan(std::string_view data, bool skip_empty_lines);

    [[nodiscard]] std::size_t begin() const { return begin_; }
    [[nodiscard]] std::size_t end() const { return line_; }

private:
    std::size_t begin_{0};  ///< where the start line begins
    std::size_t line_{0};   ///< where the current line begins
    std::size_t search_{0}; ///< where to look for the next LF
    bool started_{false};   ///< the start line has begun
};

/// Beast's parser, keeping views. One object per message: Beast's cannot be used twice.
template <bool IsRequest>
class beast_parser final : public boost::beast::http::basic_parser<IsRequest> {
    using base = boost::beast::http::basic_parser<IsRequest>;
    using error_code = boost::beast::error_code;
    using string_view = boost::beast::string_view;

public:
    using head_type = typename head_of<IsRequest>::type;

    explicit beast_parser(head_type& head)
        : head_(head) {
        this->body_limit(boost::none);
        this->header_limit(std::numeric_limits<std::uint32_t>::max()); // the head_scanner has the limit
    }

    /// What the last `put` passed over.
    std::string_view payload{};

private:
    void on_request_impl(boost::beast::http::verb, string_view method, string_view target, int version,
                         error_code&) override {
        if constexpr (IsRequest) {
            head_.method = method;
            head_.target = target;
            head_.version = static_cast<unsigned>(version);
        }
    }

    void on_response_impl(int code, string_view reason, int version, error_code&) override {
        if constexpr (!IsRequest) {
            head_.status = static_cast<unsigned>(code);
            head_.reason = reason;
            head_.version = static_cast<unsigned>(version);
        }
    }

    void on_field_impl(boost::beast::http::field, string_view name, string_view value, error_code& ec) override {
        if (head_done_)
            return; // a trailer: Beast would have it merged into the head, even an Authorization
        if (head_.fields.items.size() == max_fields) {
            ec = boost::beast::http::error::header_limit;
            return;
        }
        head_.fields.items.push_back({name, value});
    }

    void on_header_impl(error_code&) override { head_done_ = true; }
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}

    std::size_t on_body_impl(string_view body, error_code&) override {
        payload = body;
        return body.size();
    }

    void on_chunk_header_impl(std::uint64_t, string_view extensions, error_code& ec) override {
        // Beast takes an LF inside a quoted extension, where another reader of the same bytes may see a line end.
        for (const char c : extensions)
            if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) {
                ec = boost::beast::http::error::bad_chunk_extension;
                return;
            }
    }

    std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override {
        payload = body;
        return body.size();
    }

    void on_finish_impl(error_code&) override {}

    head_type& head_;
    bool head_done_{false};
};

/// A parser with its head, its framing as it was at the head's end, and the errors' code and source.
template <bool IsRequest>
class engine {
public:
    using head_type = typename head_of<IsRequest>::type;

    engine(std::uint32_t header_limit, error_source source)
        : header_limit_(header_limit)
        , source_(source) {
        reset();
    }
    engine(const engine&) = delete;
    engine& operator=(const engine&) = delete;

    void reset();
    void expect_no_body() { parser_->skip(true); }
    result<std::size_t> parse_head(std::string_view data);
    result<body_step> parse_body(std::string_view data);
    result<void> on_eof();

    head_type head{};
    body_kind body{body_kind::none};
    std::uint64_t content_length{0};
    bool keep_alive{false};
    bool has_head{false};

    [[nodiscard]] bool is_done() const { return has_head && parser_->is_done(); }

private:
    [[nodiscard]] error fail(std::string_view detail) const {
        return {IsRequest ? errc::bad_request : errc::protocol_error, source_, false, std::string(detail)};
    }
    void read_framing();

    std::uint32_t header_limit_;
    error_source source_;
    head_scanner scanner_;
    std::optional<beast_parser<IsRequest>> parser_;
    bool framing_cut_{false}; ///< Beast has seen the beginning of chunk framing and asked for the rest
};

} // namespace sluice::http::detail
