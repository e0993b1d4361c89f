#include <sluice/base/log.hpp>
#include <sluice/base/scratch.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/relay/relay.hpp>
#include <sluice/relay/tunnel.hpp>
#include <sluice/relay/waiting_page.hpp>
#include <sluice/session/disconnect_watch.hpp>
#include <sluice/session/send_response.hpp>

#include "parts.hpp"

#include <exception>
#include <optional>

namespace sluice::relay {
namespace {

using net::client_response;

/// The request as it goes to the app, and what may be done with it.
struct outgoing {
    std::string upgrade; // the protocols that may be switched to
    scratch room{};
    std::string& bytes{room.text}; // the head, and as much of the body as was here
    std::uint64_t rest{0};         // of a body with a length: what is still to come
    net::send_options options;
    response_filter* filter{nullptr};
};

/// Content in a request for which it means nothing (RFC 9110 §9.3.1): apps that leave it unread would take it for the
/// next request on the connection, and answer that one too.
bool has_odd_body(const session::exchange& x) {
    return x.parser.has_body() && (x.request.method == "GET" || x.request.method == "HEAD");
}

/// Why a request got no answer, or not all of it.
struct failure {
    error what;
    bool retry{false}; // a kept connection died before it answered, and the request may be sent again
};

/// An answer, and what becomes of it where the client goes.
struct waited_for {
    client_response& from_app;
    const response_filter* filter;
    config::duration for_the_absent; // how long an answer that tells what the app did is waited for without the client
    bool given_up{false};

    void client_went() {
        if (filter != nullptr && filter->outlives_client && !filter->answered) {
            from_app.transport().timer().expires_after(for_the_absent);
        } else {
            given_up = true;
            from_app.transport().close();
        }
    }
};

/// Reads heads until the final one (or 101), passing interim ones on.
awaitable<result<void>> read_final_head(session::exchange& x, client_response& from_app, const outgoing& request) {
    for (;;) {
        auto head = co_await from_app.read_head();
        if (!head) {
            co_return head;
        }
        const auto status = from_app.head().status;
        if (status == 101 && request.upgrade.empty()) {
            co_return error{errc::protocol_error, error_source::app, false, "101 where no upgrade was asked for"};
        }
        if (status >= 200 || status == 101) {
            co_return head;
        }
        const bool passed = co_await detail::pass_interim(x, from_app);
        if (!passed) {
            co_return error{errc::connection_lost, error_source::client, false, "client gone"};
        }
    }
}

/// From the request's being written to the answer's end, while the body's rest may be on its way.
awaitable<result<void>> converse(session::exchange& x, client_response& from_app, const outgoing& request,
                                 session::disconnect_watch& watch, detail::upload* body,
                                 std::string_view extra_fields) {
    auto head = co_await read_final_head(x, from_app, request);
    if (!head) {
        co_return head;
    }
    if (request.filter != nullptr) {
        request.filter->answered = true;
    }
    if (from_app.head().status == 101) {
        if (request.filter != nullptr) {
            request.filter->on_head(from_app.head());
        }
        const bool passed = co_await detail::pass_switch(x, from_app, extra_fields);
        watch.stop();
        if (passed) {
            co_await tunnel(x, from_app.transport());
        }
        co_return result<void>{};
    }
    if (body != nullptr) {
        body->head_received = true;
        if (body->running) {
            x.keep_alive = false; // an early answer: what comes of the body is not waited for
        }
    }
    if (request.filter != nullptr && !request.filter->on_head(from_app.head())) {
        co_return result<void>{};
    }
    if (watch.client_gone()) { // what it tells was waited for, the rest is for nobody
        co_return error{errc::connection_lost, error_source::client, false, "client gone"};
    }
    const bool whole = co_await detail::pass_answer(x, from_app, extra_fields);
    if (!whole && !x.head_sent) {
        co_return error{errc::protocol_error, error_source::app, false, "the answer's body is malformed"};
    }
    co_return result<void>{};
}

/// One attempt on one connection.
awaitable<std::optional<failure>> attempt(upstream& to, session::exchange& x, const outgoing& request,
                                          net::acquire_mode mode, std::string_view extra_fields) {
    const bool names = request.filter != nullptr && request.filter->may_name_object;
    auto& pool = names ? to.naming_pool : to.pool;
    auto sent = co_await net::write_request(pool, to.peer, request.bytes, request.options, mode);
    if (!sent) {
        co_return failure{sent.error()};
    }
    if (sent->whole && x.body_read && request.filter != nullptr) {
        request.filter->request_sent = true;
    }
    client_response from_app = std::move(sent->response);
    const bool kept = from_app.transport().uses > 0;
    waited_for waiting{from_app, request.filter, x.worker.settings->limits.send_timeout};
    session::disconnect_watch watch(
        x, [](void* answer) { static_cast<waited_for*>(answer)->client_went(); }, &waiting);
    std::optional<detail::upload> body;
    if (!x.body_read) {
        body.emplace(x, from_app, request.rest, request.filter != nullptr ? request.filter->content : nullptr);
        detail::start_upload(*body);
    }
    result<void> ended;
    std::exception_ptr thrown;
    try {
        ended = co_await converse(x, from_app, request, watch, body ? &*body : nullptr, extra_fields);
    } catch (...) {
        thrown = std::current_exception(); // the upload must end before what it refers to does
    }
    if (body) {
        co_await detail::stop_upload(*body);
        if (x.body_read && request.filter != nullptr) {
            request.filter->request_sent = true;
        }
    }
    if (thrown) {
        std::rethrow_exception(thrown);
    }
    if (body && body->client_error) {
        co_return failure{*body->client_error};
    }
    if (waiting.given_up) {
        co_return failure{{errc::connection_lost, error_source::client, false, "client gone"}};
    }
    if (!ended) {
        const bool died = ended.error().code == errc::connection_lost && from_app.untouched();
        co_return failure{ended.error(), died && kept && !body && detail::is_idempotent(x.request.method)};
    }
    if (!has_odd_body(x)) { // else the connection ends with the answer
        from_app.finish();
    }
    co_return std::nullopt;
}

awaitable<void> answer_failure(session::exchange& x, const error& e, std::string_view extra_fields) {
    if (e.source == error_source::client) {
        x.keep_alive = false;
        if (e.code == errc::bad_request) {
            co_await session::send_response(x, 400, "400 Bad Request\n", extra_fields);
        } else if (e.code == errc::timeout && x.client.is_open()) { // too slow, but there: see rate_watch
            co_await session::send_response(x, 408, "408 Request Timeout\n", session::retry_soon);
        } else {
            x.client.close();
        }
        co_return;
    }
    log::warn("app failed", {{"error", to_string(e.code)}, {"detail", e.detail}});
    if (is_not_up(e) && x.worker.settings->app.waiting_page && is_page_request(x.request)) {
        const std::string fields = std::string(waiting_page_fields()).append(extra_fields);
        co_await session::send_response_as(x, 503, waiting_page(), fields);
        co_return;
    }
    if (e.code == errc::timeout) {
        co_await session::send_response(x, 504, "504 Gateway Timeout\n", extra_fields);
    } else {
        co_await session::send_response(x, 502, "502 Bad Gateway\n", extra_fields);
    }
}

/// The request as it leaves, with as much of its body as is here; an error where that body is malformed.
result<void> prepare(upstream& to, session::exchange& x, outgoing& request, response_filter* filter) {
    request.filter = filter;
    request.upgrade = detail::upgrade_protocols(x);
    const bool ranged = filter == nullptr || !filter->without_range;
    detail::append_app_request_head(request.bytes, x, to, request.upgrade,
                                    ranged ? carried_fields::all : carried_fields::without_range);
    const auto& settings = *x.worker.settings;
    request.options.response_timeout = settings.app.response_timeout;
    request.options.write_timeout = settings.limits.send_timeout;
    request.options.head_request = x.request.method == "HEAD";
    request.options.body_timeout = false;
    x.client.timer().clear(); // the app may take its time; reads and writes of the client have their own limits
    if (!x.parser.has_body()) {
        x.body_read = true;
        return {};
    }
    auto taken = detail::take_buffered_body(x, request.bytes, filter != nullptr ? filter->content : nullptr);
    if (!taken) {
        return taken.error();
    }
    request.rest = x.parser.content_length() - *taken;
    x.awaits_continue = x.request.version >= 11 && !x.body_read && *taken == 0 && x.client.buffered().empty() &&
                        http::same_name(x.request.fields.value("Expect"), "100-continue");
    return {};
}

awaitable<void> relay_with(upstream& to, session::exchange& x, std::string_view extra_fields, response_filter* filter) {
    bool threw = false;
    try {
        outgoing request;
        if (auto prepared = prepare(to, x, request, filter); !prepared) {
            co_await answer_failure(x, prepared.error(), extra_fields);
        } else {
            auto failed = co_await attempt(to, x, request, net::acquire_mode::reuse, extra_fields);
            if (failed && failed->retry) {
                if (filter != nullptr) {
                    filter->retried = true;
                }
                failed = co_await attempt(to, x, request, net::acquire_mode::fresh, extra_fields);
            }
            if (failed && filter != nullptr) {
                filter->failed = failed->what;
                filter->on_failure();
                if (!filter->failure_fields.empty()) {
                    extra_fields = filter->failure_fields;
                }
            }
            if (failed && x.head_sent) {
                x.keep_alive = false;
                x.client.abort();
            } else if (failed) {
                co_await answer_failure(x, failed->what, extra_fields);
            }
        }
        if (!x.body_read) {
            x.keep_alive = false; // the session lingers
        }
    } catch (const std::exception& e) {
        threw = true;
        log::error("relay failed", {{"error", e.what()}});
    }
    if (threw) {
        x.keep_alive = false;
        x.client.abort();
    }
}

} // namespace

awaitable<void> relay(upstream& to, session::exchange& x, std::string_view extra_fields) {
    return relay_with(to, x, extra_fields, nullptr);
}

awaitable<void> relay_through(upstream& to, session::exchange& x, response_filter& filter,
                              std::string_view extra_fields) {
    return relay_with(to, x, extra_fields, &filter);
}

} // namespace sluice::relay
