#include "subrequest.hpp"

#include <sluice/authorize/allow_rule.hpp>
#include <sluice/authorize/app_headers.hpp>
#include <sluice/authorize/json_pointers.hpp>
#include <sluice/authorize/purge_tags.hpp>
#include <sluice/authorize/resolve_object.hpp>
#include <sluice/authorize/subrequest_outcome.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/net/body_buffer.hpp>
#include <sluice/net/client.hpp>

#include "subrequest_answer.hpp"

#include <optional>

namespace sluice::authorize {

namespace {

using metrics::fallback_reason;

/// The most of a body that is read only to keep its connection.
constexpr std::size_t max_drained = 64 * 1024;
static_assert(net::body_buffer::size <= max_drained); // one piece

/// Why a response's body gave no values.
struct read_failure {
    fallback_reason reason;
    std::string detail{};
};

/// Reads the whole body into `values`.
awaitable<std::optional<read_failure>> read_values(net::client_response& response, json_pointer_reader& values,
                                                   steady_clock::time_point deadline) {
    for (;;) {
        auto piece = co_await response.read_body();
        if (!piece) {
            co_return read_failure{reason_without_response(piece.error()), text_of_failure(piece.error())};
        }
        if (steady_clock::now() > deadline) {
            co_return read_failure{fallback_reason::authorize_timeout, "the response's body did not end in time"};
        }
        const auto read = piece.value().empty() ? values.finish() : values.feed(piece.value());
        if (!read) {
            co_return read_failure{reason_of_unreadable(read.error())};
        }
        if (piece.value().empty()) {
            co_return std::nullopt;
        }
    }
}

/// How much of a body is read before the next piece of it, at most. The object itself may be endless, and a length that
/// is not told is known only when it is too late: of that one piece is read.
std::size_t drain_limit(const subrequest& s, const net::client_response& response) {
    if (response.content_length() > max_drained) {
        return 0;
    }
    const bool is_object = s.how.same != config::same_question::none;
    return is_object && response.body() != http::body_kind::length ? 1 : max_drained;
}

/// Reads what is left of a short body, to keep the connection; not beyond the subrequest's own deadline.
awaitable<void> drain(const subrequest& s, net::client_response& response, steady_clock::time_point deadline) {
    const std::size_t limit = drain_limit(s, response);
    std::size_t drained = 0;
    while (drained < limit && steady_clock::now() < deadline) {
        auto piece = co_await response.read_body();
        if (!piece || piece.value().empty()) {
            break;
        }
        drained += piece.value().size();
    }
}

/// What an allowing response says: its fields, and the object that its body names.
awaitable<void> read_authorization(const subrequest& s, net::client_response& response,
                                   steady_clock::time_point deadline, subrequest_response& out) {
    const auto& fields = response.head().fields;
    authorization a;
    a.fields = fields_for_media(s, fields);
    a.purge_tags = purge_tags_of(s.route, s.target, s.x.target);
    if (s.how.same != config::same_question::none) {
        a.content_type = taken_type(s, response.head());
        out.result.varies = varies_beyond_key(fields, s.key_inputs());
    }
    out.set_cookie = set_cookie_headers(fields);
    std::optional<fallback_reason> why;
    std::string detail;
    if (const auto& resolve = s.route.settings.resolve) {
        json_pointer_reader values({resolve->object, resolve->content_type, resolve->filename,
                                    resolve->filename_fallback, resolve->needed, resolve->version});
        auto unread = co_await read_values(response, values, deadline);
        if (!unread) {
            why = resolve_object(a, s.route, s.x.target, values);
        } else {
            why = unread->reason;
            detail = std::move(unread->detail);
            a.must_serialize = s.route.preset != nullptr && s.route.preset->must_serialize(s.route, std::nullopt);
        }
    } else {
        co_await drain(s, response, deadline);
    }
    out.result.decision = decision_of(why);
    if (out.result.decision == auth_decision::error) {
        out.result.error_reason = *why;
        out.result.error_detail = std::move(detail);
        co_return;
    }
    a.unresolved_reason = why;
    out.result.authorization = std::make_shared<const authorization>(std::move(a));
}

awaitable<void> read_denial(const subrequest& s, net::client_response& response, steady_clock::time_point deadline,
                            subrequest_response& out) {
    out.result.decision = auth_decision::denied;
    out.result.denied_status = response.head().status;
    warn_of_page(s, response.head());
    // A HEAD is responded to from this; any other request is relayed, as is what the app was asked for itself.
    if (s.x.request.method == "HEAD" && s.how.same == config::same_question::none) {
        out.result.denied_response = denied_response_of(s, response.head());
        out.set_cookie = set_cookie_headers(response.head().fields);
    }
    co_await drain(s, response, deadline);
}

/// Sends it, and reads to the head of the final response.
awaitable<result<net::client_response>> send_and_read_head(const subrequest& s, net::request_canceler& canceler) {
    net::send_options options;
    options.response_timeout = s.how.timeout;
    options.response_setting = "authorize.timeout";
    options.canceler = &canceler;
    options.head_request = s.how.same == config::same_question::head;
    std::string text(options.head_request ? "HEAD " : "GET ");
    text.append(s.target).append(" HTTP/1.1\r\n").append(s.fields).append("\r\n");
    auto response = co_await net::send(s.app.pool, s.app.upstream.peer, text, options);
    while (response && response.value().head().status < 200) {
        auto next = co_await response.value().read_head();
        if (!next) {
            co_return next.error();
        }
    }
    co_return response;
}

} // namespace

awaitable<subrequest_response> send_subrequest(const subrequest& s, net::request_canceler& canceler) {
    subrequest_response out;
    const auto began = steady_clock::now();
    const auto deadline = began + s.how.timeout;
    auto sent = co_await send_and_read_head(s, canceler);
    if (!sent) {
        out.result.error_reason = reason_without_response(sent.error());
        out.result.error_detail = text_of_failure(sent.error());
    } else {
        auto& response = sent.value();
        if (is_allowed(s.route.settings, s.how, response.head().status, response.head().fields)) {
            co_await read_authorization(s, response, deadline, out);
        } else {
            co_await read_denial(s, response, deadline, out);
        }
        response.finish();
    }
    s.x.worker.counters.authorize_seconds->Observe(std::chrono::duration<double>(steady_clock::now() - began).count());
    co_return out;
}

} // namespace sluice::authorize
