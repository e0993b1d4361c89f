#include <sluice/http/freshness.hpp>
#include <sluice/media/error_rules.hpp>
#include <sluice/media/lookup.hpp>
#include <sluice/media/lookup_rules.hpp>
#include <sluice/session/watched_flight.hpp>

#include "background_revalidation.hpp"
#include "client_fetch.hpp"
#include "cold_question.hpp"
#include "first_parts.hpp"
#include "memory_join.hpp"
#include "memory_task.hpp"

namespace sluice::media {

namespace {

using metrics::outcome;

/// Versions may change between a look-up and the next; after this many something else is wrong.
constexpr int max_attempts = 4;

/// One look-up on its way.
struct lookup {
    const lookup_context& with;
    fill_context& fills;
    media_request& m;
    origin::fetch_canceler* canceler{nullptr}; ///< of the questions to the origin
    result<void> asked{}; ///< why the origin could not be asked, where a stale version is served for that
};

error look_again() {
    return {errc::canceled, error_source::internal, true};
}

bool is_fresh(const media_request& m, const cache::object& o) {
    return is_fresh(state_of(o), steady_clock::now(), m.route.max_age);
}

/// The version in the cache, which must be revalidated where the app says that it is another now; or nullptr.
std::shared_ptr<cache::object> find_expected(fill_context& fills, const media_request& m) {
    auto o = fills.cache.find(m.store.identity(), m.key);
    if (o) {
        fills.cache.expect_version(*o, m.app_version());
    }
    return o;
}

lookup_result serve(std::shared_ptr<cache::object> o) {
    return cached_version{std::move(o)};
}

/// What another client is being sent past the cache.
lookup_result another_transfer(std::unique_ptr<memory_follower> follower) {
    const errc why = follower->stream()->about().why;
    return uncacheable_answer{{std::move(follower), std::nullopt, true}, error{why, error_source::internal, false}};
}

awaitable<result<origin::fetched>> ask(const lookup& l, const cache::object* stale) {
    media_request& m = l.m;
    auto range = stale != nullptr
                     ? revalidation_range(m.head_only, m.wanted, stale->info().size)
                     : cold_range(m.head_only, m.wanted, {l.fills.read_ahead, m.store.settings().parallel});
    auto r = detail::request_for_client(m, range);
    r.canceler = l.canceler;
    if (stale != nullptr) {
        r.none_match = stale->info().version.value;
        if (!stale->must_revalidate() &&
            http::is_usable_stale(stale->checked(), steady_clock::now(), m.route.max_age, l.with.stale_if_error)) {
            r.tries_once = true; // rather than ask again, what is there is served
        }
    }
    co_return co_await detail::fetch_for_client(l.fills.origin_pool, m, r);
}

/// Asks without the client's range: an empty object satisfies no range.
awaitable<result<origin::fetched>> ask_without_range(const lookup& l, std::uint64_t size) {
    origin::fetch_request r;
    r.key = l.m.key;
    r.give_up = l.m.give_up;
    r.canceler = l.canceler;
    if (size != 0) {
        r.range = http::range_spec{http::range_spec::form::bounded, 0, cache::page_size - 1, 0};
    }
    co_return co_await detail::fetch_for_client(l.fills.origin_pool, l.m, r);
}

/// Admits a version that is not in the cache.
awaitable<result<lookup_result>> admit_response(const lookup& l, origin::fetched answer) {
    media_request& m = l.m;
    std::optional<origin::fetched> body(std::move(answer));
    m.x.outcome = outcome::miss;
    const object_name name{m.key, m.authorization ? std::string_view(m.authorization->purge_tags) : std::string_view(),
                           m.purges_seen, m.app_version()};
    auto taken = co_await admit(l.fills, m.store, name, body);
    const auto object = lookup_flights::key_of(m.store, m.key);
    if (taken) {
        l.with.flights.uncacheable().forget(object);
        m.stored = true;
        cached_version v{std::move(taken.value().object)};
        if (taken.value().keepalive_reader) {
            v.keepalive_readers.push_back(std::move(taken.value().keepalive_reader));
        }
        co_return v;
    }
    if (is_uncacheable(taken.error().code)) {
        l.with.flights.uncacheable().note(object);
        co_return uncacheable_answer{detail::share_answer(l.fills, m, std::move(*body), taken.error().code),
                                     taken.error()};
    }
    co_return taken.error();
}

/// The origin could not be asked: the stale version where it may be served.
result<lookup_result> without_answer(lookup& l, const std::shared_ptr<cache::object>& stale, const error& e) {
    media_request& m = l.m;
    if (stale && may_serve_stale(e, state_of(*stale), steady_clock::now(), m.route.max_age, l.with.stale_if_error)) {
        m.x.outcome = outcome::stale;
        m.x.detail = to_string(e.code);
        l.asked = e;
        return serve(stale);
    }
    if (stale && must_retire(e)) {
        l.fills.cache.retire(stale);
    }
    return e;
}

/// What the origin's last answer comes to: all actions but those that ask once more.
awaitable<result<lookup_result>> apply_answer(const lookup& l, answer_action action,
                                              std::shared_ptr<cache::object> stale, std::uint64_t marked_then,
                                              origin::fetched answer) {
    media_request& m = l.m;
    if (action == answer_action::unsatisfiable) {
        answer.finish();
        co_return unsatisfiable_range{answer.head().size};
    }
    if (action == answer_action::reject) {
        co_return error{errc::bad_content_range, error_source::origin, false};
    }
    if (action == answer_action::confirm) {
        answer.finish();
        stale->confirm_version(marked_then);
        m.x.outcome = outcome::revalidated;
        co_return serve(std::move(stale));
    }
    if (stale) {
        l.fills.cache.retire(stale);
    }
    co_return co_await admit_response(l, std::move(answer));
}

/// Asks for the object, and once more if the first response does not tell which version exists.
awaitable<result<lookup_result>> ask_origin(lookup& l, std::shared_ptr<cache::object> stale) {
    if (const auto ready = l.fills.cache.available(); !ready && !stale) {
        co_return ready.error();
    }
    const auto marked_then = stale ? stale->marked() : 0;
    // What several ranges come to is not known by the first of them alone.
    const bool is_conditional = has_conditions(l.m.x.request.fields) || !l.m.wanted.several.empty();
    auto got = co_await ask(l, stale.get());
    for (bool is_second = false; got; is_second = true) {
        const origin::object_head& head = got.value().head();
        const std::uint64_t size = head.size;
        known_version known;
        if (stale) {
            known = {stale->info().version.value, stale->info().size};
        }
        const auto action = action_for(head, stale ? &known : nullptr, is_conditional, is_second);
        const bool asks_again = action == answer_action::ask_without_range || action == answer_action::ask_anew;
        if (!asks_again) {
            co_return co_await apply_answer(l, action, std::move(stale), marked_then, std::move(got.value()));
        }
        got.value().finish();
        if (stale) {
            l.fills.cache.retire(stale);
            stale = nullptr;
        }
        if (action == answer_action::ask_anew) {
            got = co_await ask(l, nullptr);
        } else {
            got = co_await ask_without_range(l, size);
        }
    }
    co_return without_answer(l, stale, got.error());
}

/// The flight that this look-up joins: everything about an object that is cached is one question.
detail::cold_question question_of(const lookup& l, bool is_cached) {
    const media_request& m = l.m;
    if (is_cached) {
        return {lookup_flights::key_of(m.store, m.key), std::nullopt, std::nullopt};
    }
    return detail::question_for(l.with.flights, m.store, m.key, m.head_only, m.wanted, l.fills.read_ahead);
}

/// The leader's part of a flight.
awaitable<result<lookup_result>> lead(lookup& l, std::optional<cold_requests::request> asks) {
    std::optional<cold_requests::registration> running;
    if (asks) {
        running.emplace(l.with.flights.cold(), lookup_flights::key_of(l.m.store, l.m.key), *asks);
    }
    // Another flight may have completed between the look and the lead.
    auto o = find_expected(l.fills, l.m);
    if (o && is_fresh(l.m, *o)) {
        co_return serve(std::move(o));
    }
    co_return co_await ask_origin(l, std::move(o));
}

/// The same, but given up where the client leaves and nobody follows.
awaitable<result<lookup_result>> lead_while_wanted(lookup& l, lookup_flights::flight& flight,
                                                   std::optional<cold_requests::request> asks) {
    origin::fetch_canceler canceler;
    session::leader_watch watch(l.m.x, flight, canceler);
    l.canceler = &canceler;
    auto found = co_await lead(l, asks);
    l.canceler = nullptr;
    if (watch.gave_up()) {
        co_return session::client_gone();
    }
    co_return found;
}

/// The result for the flight's followers.
result<flight_result> for_followers(const lookup& l, const result<lookup_result>& found) {
    if (!found) {
        return found.error();
    }
    if (const auto* uncacheable = std::get_if<uncacheable_answer>(&found.value())) {
        return uncacheable->reason;
    }
    if (const auto* unsatisfiable = std::get_if<unsatisfiable_range>(&found.value())) {
        return flight_result{unsatisfiable->size};
    }
    if (!l.asked) {
        return l.asked.error();
    }
    return flight_result{};
}

/// Whether a 416 is what the client gets of an object of `size` bytes.
bool has_nothing_of(const media_request& m, std::uint64_t size) {
    return m.wanted.single && !m.head_only && !has_conditions(m.x.request.fields) && !m.wanted.single->resolve(size);
}

/// Whether `o` may be served at once; a stale one is then revalidated in the background.
bool is_servable(const lookup_context& with, fill_context& fills, media_request& m,
                 const std::shared_ptr<cache::object>& o) {
    if (is_fresh(m, *o)) {
        return true;
    }
    if (!detail::serves_while_revalidating(m, *o)) {
        return false;
    }
    detail::revalidate_in_background(with, fills, m, o);
    return true;
}

awaitable<result<lookup_result>> find_version(const lookup_context& with, fill_context& fills, media_request& m) {
    lookup l{with, fills, m};
    for (int attempt = 0; attempt < max_attempts; ++attempt) {
        arrival then{steady_clock::now()};
        auto o = find_expected(fills, m);
        if (o && is_servable(with, fills, m, o)) {
            co_return serve(std::move(o));
        }
        if (!o) {
            if (auto follower = detail::join_stream(fills, m)) {
                co_return another_transfer(std::move(follower));
            }
        }
        then.marked = o ? o->marked() : 0;
        auto question = question_of(l, o != nullptr);
        auto flight = with.flights.join(std::move(question.flight));
        if (flight.leads()) {
            auto found = co_await lead_while_wanted(l, flight, question.asks);
            flight.complete(for_followers(l, found));
            co_return found;
        }
        const session::origin_wait waiting(m.x);
        auto led = co_await session::follow(m.x, flight);
        if (!led) {
            co_return session::client_gone();
        }
        const auto& shared = *led;
        m.collapsed = true;
        if (shared && m.x.outcome == outcome::relay) {
            m.x.outcome = o ? outcome::revalidated : outcome::miss;
        }
        if (!shared && shared.error().code != errc::canceled) {
            co_return without_answer(l, o, shared.error());
        }
        if (shared && shared.value().too_short_size && has_nothing_of(m, *shared.value().too_short_size)) {
            co_return unsatisfiable_range{*shared.value().too_short_size};
        }
        auto now = find_expected(fills, m);
        then.same_version = now == o;
        if (shared && now && is_confirmed_since(then, state_of(*now))) {
            co_return serve(std::move(now));
        }
    }
    co_return look_again();
}

/// The same for several ranges, which are asked for together.
awaitable<result<lookup_result>> find_version_and_parts(const lookup_context& with, fill_context& fills,
                                                        media_request& m) {
    const auto parts = std::make_shared<detail::first_parts>(with, fills, m);
    auto found = co_await find_version(with, fills, m);
    auto* cached = found ? std::get_if<cached_version>(&found.value()) : nullptr;
    if (cached != nullptr) {
        auto readers = co_await parts->join();
        for (auto& each : readers) {
            cached->keepalive_readers.push_back(std::move(each));
        }
        cached->parts = parts;
    }
    co_return found;
}

} // namespace

freshness_state state_of(const cache::object& o) noexcept {
    freshness_state v;
    v.marked = o.marked(); // before what answers for it: a mark that comes meanwhile is the next request's
    v.confirmed = o.confirmed();
    v.checked = o.checked();
    return v;
}

representation representation_of(const cache::object& o) noexcept {
    const auto& i = o.info();
    return {i.size, i.version.value, i.content_type, i.last_modified, i.stored};
}

std::shared_ptr<cache::object> find_servable(const lookup_context& with, fill_context& fills, media_request& m) {
    auto o = find_expected(fills, m);
    return o && is_servable(with, fills, m, o) ? o : nullptr;
}

awaitable<result<lookup_result>> look_up(const lookup_context& with, fill_context& fills, media_request& m) {
    return m.wanted.several.empty() ? find_version(with, fills, m) : find_version_and_parts(with, fills, m);
}

} // namespace sluice::media
