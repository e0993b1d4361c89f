#include <sluice/base/log.hpp>
#include <sluice/base/scratch.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/relay/failure.hpp>
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

/// A request on its way to the app.
struct forwarding {
    upstream& app;
    session::exchange& x;
    const forward_options& options;
    forward_progress& progress;
    std::string upgrade{}; // the protocols that may be switched to
    scratch room{};
    std::string& bytes{room.text}; // the request's head, and as much of its body as had been read
    std::uint64_t body_left{0};    // of a body with a length: what is still to be read
    net::send_options send{};
    bool may_retry{false}; // of the last attempt, which failed
};

/// Content in a request for which it has no meaning (RFC 9110 §9.3.1): apps that leave it unread would take it for the
/// next request on the connection, and answer that one too.
bool has_unexpected_content(const session::exchange& x) {
    return x.parser.has_body() && (x.request.method == "GET" || x.request.method == "HEAD");
}

/// A response that is waited for, and what becomes of it where the client leaves.
struct pending_response {
    client_response& response;
    bool outlives_client;
    config::duration max_wait; // without the client
    bool head_received{false};
    bool abandoned{false};

    void on_disconnect() {
        if (outlives_client && !head_received) {
            response.transport().timer().expires_after(max_wait, "limits.send_timeout");
        } else {
            abandoned = true;
            response.transport().close();
        }
    }
};

/// Reads heads until the final one (or 101), passing interim ones on.
awaitable<result<void>> read_final_head(forwarding& f, client_response& response) {
    for (;;) {
        auto head = co_await response.read_head();
        if (!head) {
            co_return head;
        }
        const auto status = response.head().status;
        if (status == 101 && f.upgrade.empty()) {
            co_return error{errc::protocol_error, error_source::app, false, "101 without a requested upgrade"};
        }
        if (status >= 200 || status == 101) {
            co_return head;
        }
        auto passed = co_await detail::pass_interim(f.x, response);
        if (!passed) {
            co_return passed;
        }
    }
}

/// Passes a 101 on and carries the tunnel that it opens.
awaitable<void> switch_protocols(forwarding& f, client_response& response, session::disconnect_watch& watch) {
    if (f.options.filter != nullptr) {
        f.options.filter->on_head(response.head(), f.progress);
    }
    const auto passed = co_await detail::pass_switch(f.x, response, f.options.added_fields);
    watch.stop();
    if (passed) {
        co_await tunnel(f.x, response.transport());
    }
}

/// Waits for the first byte or the end of a response that is kept back, and tells the filter.
awaitable<void> tell_content(forwarding& f, client_response& response) {
    response.set_timeout(f.x.worker.settings->fallback.after, "fallback.after");
    const auto piece = co_await response.read_body();
    f.options.filter->on_content(!piece || !piece.value().empty());
}

/// Reads the content of a response that is kept back. Where it does not come, the response is there all the same.
awaitable<void> read_held_content(forwarding& f, client_response& response, content_copy& to) {
    response.set_timeout(f.x.worker.settings->fallback.after, "fallback.after");
    while (to.whole) {
        const auto piece = co_await response.read_body();
        if (!piece) {
            to.drop();
        } else if (piece->empty()) {
            co_return;
        } else {
            to.add(*piece);
        }
    }
}

/// From the request's being written to the response's end, while the rest of the body may be on its way.
awaitable<result<void>> receive_response(forwarding& f, pending_response& pending, session::disconnect_watch& watch,
                                         detail::upload* body) {
    auto& response = pending.response;
    auto head = co_await read_final_head(f, response);
    if (!head) {
        co_return head;
    }
    pending.head_received = true;
    if (response.head().status == 101) {
        co_await switch_protocols(f, response, watch);
        co_return result<void>{};
    }
    if (body != nullptr) {
        body->head_received = true;
        if (body->running) {
            f.x.keep_alive = false; // an early response: the end of the body is not waited for
        }
    }
    if (f.options.filter != nullptr && !f.options.filter->on_head(response.head(), f.progress)) {
        if (f.options.filter->asks_for_content()) {
            co_await tell_content(f, response);
        } else if (auto* content = f.options.filter->held_content()) {
            co_await read_held_content(f, response, *content);
        }
        co_return result<void>{};
    }
    if (watch.client_gone()) { // what it tells was waited for, the rest is for nobody
        co_return session::client_gone();
    }
    co_return co_await detail::pass_response(f.x, response, f.options.added_fields, watch);
}

/// One attempt on one connection. Where it fails, sets `f.may_retry`.
awaitable<result<void>> attempt(forwarding& f, net::acquire_mode mode) {
    auto& x = f.x;
    f.may_retry = false;
    auto& pool = f.options.may_name_object ? f.app.object_header_pool : f.app.pool;
    auto sent = co_await net::write_request(pool, f.app.peer, f.bytes, f.send, mode);
    if (!sent) {
        co_return sent.error();
    }
    if (sent->whole && x.body_read) {
        f.progress.request_sent = true;
    }
    client_response response = std::move(sent->response);
    const bool reused = response.transport().uses > 0;
    pending_response pending{response, f.options.outlives_client, x.worker.settings->limits.send_timeout};
    session::disconnect_watch watch(
        x, [](void* p) { static_cast<pending_response*>(p)->on_disconnect(); }, &pending);
    std::optional<detail::upload> body;
    if (!x.body_read) {
        body.emplace(x, response, f.body_left, f.options.content);
        detail::start_upload(*body);
    }
    result<void> ended;
    std::exception_ptr thrown;
    try {
        ended = co_await receive_response(f, pending, watch, body ? &*body : nullptr);
    } catch (...) {
        thrown = std::current_exception(); // the upload must end before what it refers to does
    }
    if (body) {
        co_await detail::stop_upload(*body);
        f.progress.request_sent = f.progress.request_sent || x.body_read;
    }
    if (thrown) {
        std::rethrow_exception(thrown);
    }
    if (body && !body->read_from_client) {
        co_return body->read_from_client.error();
    }
    if (pending.abandoned) {
        co_return session::client_gone();
    }
    if (!ended) {
        const failed_attempt failed{ended.error().code, reused, !response.nothing_received(), body.has_value()};
        f.may_retry = may_retry(failed, x.request.method);
        co_return ended;
    }
    if (!has_unexpected_content(x)) { // else the connection ends with the response
        response.finish();
    }
    co_return result<void>{};
}

/// Tells the client that there is no response of the app.
awaitable<void> send_failure(session::exchange& x, error why, const http::header_list& added) {
    const bool waits_for_start = x.worker.settings->app.waiting_page && is_page_request(x.request);
    const auto response = response_to(why, x.client.is_open(), waits_for_start);
    if (why.source == error_source::client) {
        x.keep_alive = false;
    } else {
        log::warn("the app gave no response, and the client got an error: check that it runs at app.url",
                  {{"route", detail::route_name(x)}, {"error", to_string(why.code)}, {"detail", why.detail}});
    }
    switch (response) {
    case failure_response::none:
        x.client.close();
        break;
    case failure_response::bad_request:
        co_await session::send_response(x, 400, "400 Bad Request\n", added);
        break;
    case failure_response::request_timeout:
        co_await session::send_response(x, 408, "408 Request Timeout\n", session::retry_soon());
        break;
    case failure_response::waiting_page: {
        auto fields = waiting_page_fields();
        fields.add(added);
        co_await session::send_response_as(x, 503, waiting_page_type, waiting_page(), fields);
        break;
    }
    case failure_response::gateway_timeout:
        co_await session::send_response(x, 504, "504 Gateway Timeout\n", added);
        break;
    case failure_response::bad_gateway:
        co_await session::send_response(x, 502, "502 Bad Gateway\n", added);
        break;
    }
}

/// Makes the request as it leaves, with as much of its body as was read; an error where that is malformed.
result<void> make_request(forwarding& f) {
    auto& x = f.x;
    f.upgrade = upgrade_protocols(x.request, x.parser.has_body());
    detail::append_app_request_head(f.bytes, x, f.app, f.upgrade,
                                    f.options.may_name_object ? carried_fields::not_steering : carried_fields::all);
    const auto& settings = *x.worker.settings;
    f.send.response_timeout = settings.app.response_timeout;
    f.send.response_setting = "app.response_timeout";
    f.send.write_timeout = settings.limits.send_timeout;
    f.send.write_setting = "limits.send_timeout";
    f.send.head_request = x.request.method == "HEAD";
    f.send.body_timeout = false;
    x.client.timer().clear(); // the app may take its time; reads from and writes to the client have their own limits
    if (!x.parser.has_body()) {
        x.body_read = true;
        return {};
    }
    const auto taken = detail::take_buffered_body(x, f.bytes, f.options.content);
    if (!taken) {
        return taken.error();
    }
    f.body_left = x.parser.content_length() - *taken;
    x.expects_continue = x.request.version >= 11 && !x.body_read && *taken == 0 && x.client.buffered().empty() &&
                         http::same_name(x.request.fields.value("Expect"), "100-continue");
    return {};
}

/// After `attempt` failed for good: the filter learns it first, then the client.
awaitable<void> fail(forwarding& f, error why) {
    http::header_list from_filter;
    if (f.options.filter != nullptr) {
        from_filter = f.options.filter->on_failure(why, f.progress);
    }
    if (f.x.head_sent) {
        f.x.note_cut(metrics::cut_by_of(why.source));
        f.x.keep_alive = false;
        f.x.client.abort();
        co_return;
    }
    const auto& added = from_filter.empty() ? f.options.added_fields : from_filter;
    co_await send_failure(f.x, why, added);
}

} // namespace

awaitable<void> forward(upstream& app, session::exchange& x, const forward_options& options) {
    forward_progress progress;
    try {
        forwarding f{app, x, options, progress};
        if (auto made = make_request(f); !made) {
            co_await send_failure(x, made.error(), options.added_fields);
        } else {
            auto done = co_await attempt(f, net::acquire_mode::reuse);
            if (!done && f.may_retry) {
                f.progress.retried = true;
                done = co_await attempt(f, net::acquire_mode::fresh);
            }
            if (!done) {
                co_await fail(f, done.error());
            }
        }
        if (!x.body_read) {
            x.keep_alive = false; // the session lingers
        }
    } catch (const std::exception& e) {
        log::error("relaying a request failed within Sluice, and the connection was closed: please report it",
                   {{"route", detail::route_name(x)}, {"error", e.what()}});
        x.note_cut(metrics::cut_by::internal);
        x.keep_alive = false;
        x.client.abort();
        if (options.filter != nullptr) {
            options.filter->on_failure({errc::internal_error, error_source::internal, false, e.what()}, progress);
        }
    }
}

} // namespace sluice::relay
