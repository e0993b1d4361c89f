#include "background_revalidation.hpp"

#include <sluice/base/log.hpp>
#include <sluice/media/error_rules.hpp>
#include <sluice/media/plan.hpp>

#include <algorithm>
#include <utility>

namespace sluice::media::detail {

namespace {

/// What came of a revalidation; the `result` label.
enum class revalidation : std::uint8_t { confirmed, changed, gone, failed, limited };

std::string_view to_string(revalidation r) noexcept {
    switch (r) {
    case revalidation::confirmed:
        return "confirmed";
    case revalidation::changed:
        return "changed";
    case revalidation::gone:
        return "gone";
    case revalidation::failed:
        return "error";
    case revalidation::limited:
        return "limit";
    }
    return "";
}

void count(const fill_context& fills, revalidation r) {
    fills.worker.counters.background_revalidations->at(to_string(r)).Increment();
}

/// One on its way. It outlives the request that began it.
struct task {
    fill_context& fills;
    origin::store& store;
    std::string key;
    std::string purge_tags;
    std::uint64_t purges_seen;
    std::shared_ptr<cache::object> stale;
    steady_clock::time_point give_up;
    slot_limit::slot slot;
    lookup_flights::flight flight;
};

/// The first page, where the version has changed.
awaitable<result<origin::fetched>> ask(task& t) {
    origin::fetch_request r;
    r.key = t.key;
    r.range = revalidation_range(false, {}, t.stale->info().size);
    r.none_match = t.stale->info().version.value;
    r.give_up = t.give_up;
    co_return co_await origin::fetch(t.fills.origin_pool, t.store, r);
}

/// The origin has a new version: admits it. If it cannot be stored, the next request fetches it.
awaitable<void> admit_response(task& t, origin::fetched answer) {
    std::optional<origin::fetched> body(std::move(answer));
    const object_name name{t.key, t.purge_tags, t.purges_seen};
    auto taken = co_await admit(t.fills, t.store, name, body);
    if (!taken && body) {
        body->finish();
    }
}

/// Asks, and acts on the answer. Gives what those who follow need: an error only where there was no answer.
awaitable<result<revalidation>> revalidate(task& t) {
    const auto marked_then = t.stale->marked();
    auto got = co_await ask(t);
    if (!got) {
        if (must_retire(got.error())) {
            t.fills.cache.retire(t.stale);
        }
        co_return got.error();
    }
    const known_version known{t.stale->info().version.value, t.stale->info().size};
    const auto action = action_for(got.value().head(), &known, false, false);
    if (action == answer_action::confirm) {
        got.value().finish();
        t.stale->confirm_version(marked_then);
        co_return revalidation::confirmed;
    }
    t.fills.cache.retire(t.stale);
    if (action == answer_action::admit) {
        co_await admit_response(t, std::move(got.value()));
    } else {
        got.value().finish();
    }
    co_return revalidation::changed;
}

awaitable<void> run(task t) {
    auto done = co_await revalidate(t);
    if (done) {
        count(t.fills, done.value());
        t.flight.complete(flight_result{});
        co_return;
    }
    const error& why = done.error();
    count(t.fills, must_retire(why) ? revalidation::gone : revalidation::failed);
    log::debug("a stale object could not be revalidated in the background",
               {{"store", t.store.settings().name}, {"reason", to_string(why.code)}, {"detail", why.detail}});
    t.flight.complete(why);
}

} // namespace

bool serves_while_revalidating(const media_request& m, cache::object& o) {
    if (!may_serve_while_revalidating(state_of(o), steady_clock::now(), m.route.max_age,
                                      m.route.stale_while_revalidate)) {
        return false;
    }
    const auto& fields = m.x.request.fields;
    const plan p = plan_without_coding(fields, m.head_only, m.wanted, representation_of(o));
    if (!can_answer_stale(p.status, has_conditions(fields))) {
        return false;
    }
    const auto is_held = [&o](const http::byte_range& part) {
        return o.covers(part.first, part.last) == cache::object::coverage::all;
    };
    return !p.has_body || (p.several ? std::ranges::all_of(p.several->parts, is_held) : is_held(p.bytes));
}

void revalidate_in_background(const lookup_context& with, fill_context& fills, media_request& m,
                              std::shared_ptr<cache::object> stale) {
    m.x.outcome = metrics::outcome::stale;
    m.ttl = time_to_live(stale->checked(), steady_clock::now(), m.route.max_age);
    auto flight = with.flights.join(lookup_flights::key_of(m.store, m.key));
    if (!flight.leads()) {
        m.x.detail = "revalidating";
        return;
    }
    if (stale->retired() || is_fresh(state_of(*stale), steady_clock::now(), m.route.max_age)) {
        return; // somebody was quicker
    }
    auto slot = with.revalidations.try_take();
    if (!slot) {
        count(fills, revalidation::limited);
        return;
    }
    m.x.detail = "revalidating";
    fills.worker.self.tasks.spawn(
        run(task{fills, m.store, m.key, m.authorization ? m.authorization->purge_tags : std::string(), m.purges_seen,
                 std::move(stale), m.give_up, std::move(*slot), std::move(flight)}));
}

} // namespace sluice::media::detail
