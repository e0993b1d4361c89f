#include "subrequest.hpp"

#include <sluice/authorize/allow_rule.hpp>
#include <sluice/authorize/json_pointers.hpp>
#include <sluice/authorize/resolve_object.hpp>
#include <sluice/authorize/resource_path.hpp>
#include <sluice/base/log.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/net/client.hpp>
#include <sluice/relay/app_fields.hpp>

#include <algorithm>

namespace sluice::authorize {

namespace {

using metrics::fallback_reason;

/// The most of a granting answer's body that is read to keep its connection.
constexpr std::size_t most_drained = 64 * 1024;

fallback_reason no_answer(const error& e) {
    return e.code == errc::timeout ? fallback_reason::authorize_timeout : fallback_reason::authorize_error;
}

/// Nothing where the answer was read to its end.
awaitable<std::optional<fallback_reason>> read_values(net::client_response& answer, json_pointer_reader& values,
                                                      steady_clock::time_point until) {
    for (;;) {
        auto piece = co_await answer.read_body();
        if (!piece) {
            co_return no_answer(piece.error());
        }
        if (steady_clock::now() > until) {
            co_return fallback_reason::authorize_timeout;
        }
        const auto read = piece.value().empty() ? values.finish() : values.feed(piece.value());
        if (!read) {
            co_return read.error().code == errc::too_large ? fallback_reason::too_large : fallback_reason::unresolved;
        }
        if (piece.value().empty()) {
            co_return std::nullopt;
        }
    }
}

/// Reads a short rest, to keep the connection; not for longer than the answer itself was waited for.
awaitable<void> drain(net::client_response& answer, steady_clock::time_point until) {
    std::size_t drained = 0;
    while (drained < most_drained && steady_clock::now() < until) {
        auto piece = co_await answer.read_body();
        if (!piece || piece.value().empty()) {
            break;
        }
        drained += piece.value().size();
    }
}

/// Without Set-Cookie, which is for the one who asked alone.
std::shared_ptr<const denied_response> denied_response_of(const http::response_head& head,
                                                          const std::vector<std::string>& hidden) {
    std::vector<std::string> left_out = hidden;
    left_out.emplace_back("set-cookie");
    left_out.emplace_back("date"); // written anew
    denied_response d{head.status, {}};
    relay::each_passed_field(head, left_out, [&d](const http::field_view& f) { d.fields.add(f.name, f.value); });
    if (const auto* length = head.fields.find("Content-Length")) {
        d.fields.add("Content-Length", length->value);
    }
    return std::make_shared<const denied_response>(std::move(d));
}

/// A granting answer: its fields, and what its body resolves.
awaitable<void> read_permission(const subrequest& q, net::client_response& answer, steady_clock::time_point until,
                                subrequest_response& a) {
    const auto& fields = answer.head().fields;
    auto donated_fields = allowed_app_headers(fields, q.route.settings.cors.has_value());
    a.set_cookie = set_cookie_headers(fields);
    const auto& resolve = q.route.settings.resolve;
    authorization g;
    g.fields = std::move(donated_fields);
    if (resolve) {
        g.resolver_id = q.route.asked_by_name ? resource_path(q.target) : std::string();
        json_pointer_reader values(
            {resolve->object, resolve->content_type, resolve->filename, resolve->filename_fallback, resolve->needed});
        const auto unread = co_await read_values(answer, values, until);
        g.not_taken = unread;
        if (g.not_taken == fallback_reason::authorize_timeout || g.not_taken == fallback_reason::authorize_error) {
            a.told.why = *g.not_taken;
            co_return;
        }
        if (g.not_taken) {
            g.shares_copy = q.route.app != nullptr && q.route.app->shares_copy(q.route, std::nullopt);
        } else {
            g.not_taken = resolve_object(g, q.route, q.x.target, values);
        }
    } else {
        co_await drain(answer, until);
    }
    a.told.said = g.not_taken ? decision::unresolved : decision::allowed;
    a.told.given = std::make_shared<const authorization>(std::move(g));
}

} // namespace

awaitable<subrequest_response> send_subrequest(const subrequest& q, net::request_canceler& canceler) {
    subrequest_response a;
    net::send_options options;
    options.response_timeout = q.how.timeout;
    options.canceler = &canceler;
    const auto began = steady_clock::now();
    auto sent = co_await net::send(q.app.pool, q.app.upstream.peer, q.text, options);
    std::optional<error> failed;
    if (!sent) {
        failed = sent.error();
    }
    while (!failed && sent.value().head().status < 200) {
        auto next = co_await sent.value().read_head();
        if (!next) {
            failed = next.error();
        }
    }
    if (failed) {
        a.told.why = no_answer(*failed);
    } else {
        auto& answer = sent.value();
        const auto until = began + q.how.timeout;
        if (is_allowed(q.route.settings, q.how, answer.head().status, answer.head().fields)) {
            co_await read_permission(q, answer, until, a);
        } else {
            a.told.said = decision::denied;
            if (q.x.request.method == "HEAD") {
                a.told.refused = denied_response_of(answer.head(), q.x.worker.settings->object_headers);
                a.set_cookie = set_cookie_headers(answer.head().fields);
            }
            co_await drain(answer, until);
        }
        answer.finish();
    }
    q.x.worker.counters.authorize_seconds->Observe(std::chrono::duration<double>(steady_clock::now() - began).count());
    co_return a;
}

} // namespace sluice::authorize
