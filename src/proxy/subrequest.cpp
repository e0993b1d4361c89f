#include "subrequest.hpp"

#include <sluice/base/log.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/http/target.hpp>
#include <sluice/net/client.hpp>
#include <sluice/proxy/fall_back.hpp>
#include <sluice/proxy/json_pointers.hpp>
#include <sluice/proxy/leave_rule.hpp>
#include <sluice/proxy/open_webui_key.hpp>
#include <sluice/proxy/presentation.hpp>
#include <sluice/proxy/resource_path.hpp>

#include "relay_parts.hpp"

#include <algorithm>

namespace sluice::proxy {

namespace {

using metrics::fallback_reason;

/// The most of a granting answer's body that is read to keep its connection.
constexpr std::size_t most_drained = 64 * 1024;

/// What `resolve` reads, in the order of the reader's pointers.
enum pointer : std::size_t { at_object, at_content_type, at_filename, at_fallback, at_needed };

/// The string at a pointer; an absent one or null is none.
std::optional<std::string> text_at(const pointer_reader& values, pointer i) {
    return values.value(i);
}

/// True where something stands there that is neither a text nor nothing.
bool is_odd(const pointer_reader& values, pointer i) {
    return values.kind_of(i) == pointer_reader::kind::other;
}

bool present_as_open_webui(grant& g, std::string_view key, const app_question& q, const pointer_reader& values) {
    if (values.kind_of(at_filename) == pointer_reader::kind::null ||
        values.kind_of(at_needed) != pointer_reader::kind::other) {
        return false; // the app itself fails there, and is to say so
    }
    const auto parts = http::split_target(q.x.target);
    const auto form = open_webui_form(parts.path, parts.query);
    const auto shown = form ? open_webui_presentation(*form, key, text_at(values, at_filename),
                                                      text_at(values, at_fallback), text_at(values, at_content_type))
                            : std::nullopt;
    if (!shown) {
        return false;
    }
    g.content_type = shown->content_type;
    g.says_disposition = true;
    g.content_disposition = shown->content_disposition;
    return true;
}

void present(grant& g, const pointer_reader& values) {
    const auto type = text_at(values, at_content_type);
    if (type && http::is_field_value(*type)) {
        g.content_type = *type;
    }
    g.filename = text_at(values, at_filename).value_or("");
}

/// Whether Open WebUI serves it as it lies on its disk. All else, what we do not understand included, may be a copy.
bool is_in_place(const media_route& route, std::string_view named) {
    const bool any_last_segment =
        std::ranges::any_of(route.places, [](const store_place& p) { return p.type == config::store_type::azure; });
    return named.find("://") == std::string_view::npos && !any_last_segment;
}

/// Where the object lies that the app named.
std::optional<object_place> place_of_named(const media_route& route, std::string_view named) {
    const bool in_its_store = route.settings.preset == config::preset::open_webui &&
                              route.settings.preset_bucket == config::preset_bucket::configured;
    if (!in_its_store) {
        return place_from_uri(named, route.places, route.own_place);
    }
    const auto key = route.places.empty() ? std::nullopt : open_webui_key(route.places.front().type, named);
    return key ? place_in_store(*key, route.places) : std::nullopt;
}

/// What the app's answer names, where it is an object that may be served; else why it is not.
std::optional<fallback_reason> read_grant(grant& g, const app_question& q, const pointer_reader& values) {
    const auto named = text_at(values, at_object);
    const bool preset = q.route.settings.preset == config::preset::open_webui;
    g.shares_copy = preset && !(named && is_in_place(q.route, *named));
    g.key = loggable_name(named.value_or(""));
    if (!named || is_odd(values, at_content_type) || is_odd(values, at_filename) || is_odd(values, at_fallback)) {
        return fallback_reason::unresolved;
    }
    if (q.route.places.empty()) {
        return fallback_reason::no_store;
    }
    auto place = place_of_named(q.route, *named);
    if (!place) {
        return fallback_reason::not_ours;
    }
    if (preset) {
        if (!present_as_open_webui(g, place->key, q, values)) {
            return fallback_reason::unresolved;
        }
    } else {
        present(g, values);
    }
    g.store = q.route.place_stores[place->store];
    g.key = std::move(place->key);
    return std::nullopt;
}

fallback_reason no_answer(const error& e) {
    return e.code == errc::timeout ? fallback_reason::authorize_timeout : fallback_reason::authorize_error;
}

/// Nothing where the answer was read to its end.
awaitable<std::optional<fallback_reason>> read_values(net::client_response& answer, pointer_reader& values,
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
std::shared_ptr<const denial> denial_of(const http::response_head& head, const std::vector<std::string>& hidden) {
    std::vector<std::string> left_out = hidden;
    left_out.emplace_back("set-cookie");
    left_out.emplace_back("date"); // written anew
    denial d{head.status, {}};
    detail::append_app_fields(d.fields, head, left_out);
    if (const auto* length = head.fields.find("Content-Length")) {
        (void)http::append_field(d.fields, "Content-Length", length->value);
    }
    return std::make_shared<const denial>(std::move(d));
}

/// A granting answer: its fields, and what its body resolves.
awaitable<void> read_permission(const app_question& q, net::client_response& answer, steady_clock::time_point until,
                                app_answer& a) {
    const auto& fields = answer.head().fields;
    auto donated_fields = donor_fields(fields, q.route.settings.cors.has_value());
    a.set_cookie = set_cookie_fields(fields);
    const auto& resolve = q.route.settings.resolve;
    grant g;
    g.fields = std::move(donated_fields);
    if (resolve) {
        g.resolver_id = q.route.asked_by_name ? resource_path(q.target) : std::string();
        pointer_reader values(
            {resolve->object, resolve->content_type, resolve->filename, resolve->filename_fallback, resolve->needed});
        const auto unread = co_await read_values(answer, values, until);
        g.not_taken = unread;
        if (g.not_taken == fallback_reason::authorize_timeout || g.not_taken == fallback_reason::authorize_error) {
            a.told.why = *g.not_taken;
            co_return;
        }
        if (g.not_taken) {
            g.shares_copy = q.route.settings.preset == config::preset::open_webui;
        } else {
            g.not_taken = read_grant(g, q, values);
        }
    } else {
        co_await drain(answer, until);
    }
    a.told.said = g.not_taken ? verdict::unresolved : verdict::granted;
    a.told.given = std::make_shared<const grant>(std::move(g));
}

} // namespace

awaitable<app_answer> ask_app(const app_question& q, net::request_canceler& canceler) {
    app_answer a;
    auto& services = q.x.services;
    net::send_options options;
    options.response_timeout = q.how.timeout;
    options.canceler = &canceler;
    const auto began = steady_clock::now();
    auto sent = co_await net::send(services.ask_pool, services.app, q.text, options);
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
        if (answer_grants(q.route.settings, q.how, answer.head().status, answer.head().fields)) {
            co_await read_permission(q, answer, until, a);
        } else {
            a.told.said = verdict::denied;
            if (q.x.request.method == "HEAD") {
                a.told.refused = denial_of(answer.head(), q.x.services.settings->object_headers);
                a.set_cookie = set_cookie_fields(answer.head().fields);
            }
            co_await drain(answer, until);
        }
        answer.finish();
    }
    services.counters.authorize_seconds->Observe(std::chrono::duration<double>(steady_clock::now() - began).count());
    co_return a;
}

} // namespace sluice::proxy
