#include <sluice/http/freshness.hpp>
#include <sluice/media/fill.hpp>
#include <sluice/media/lookup.hpp>
#include <sluice/media/media_head.hpp>
#include <sluice/media/window.hpp>

#include <algorithm>

namespace sluice::media {

namespace {

using metrics::outcome;

/// Versions may change between a look-up and the next; after this many something else is wrong.
constexpr int most_rounds = 4;
constexpr std::uint64_t largest_offset = INT64_MAX;

bool is_fresh(const media_request& m, const cache::object& o) {
    return !o.must_revalidate() && http::is_fresh(o.checked(), steady_clock::now(), m.route.max_age);
}

bool usable_on_error(const media_request& m, const cache::object& o) {
    return http::is_usable_on_error(o.checked(), steady_clock::now(), m.route.max_age, m.worker.shared.stale_if_error);
}

/// Trouble that says nothing about the object: what is stale may still be served (RFC 5861 §4).
bool is_outage(const error& e) {
    switch (e.code) {
    case errc::connect_failed: // also where a proxy refuses, or a certificate: for ever, but not the store's word
    case errc::resolve_failed:
    case errc::tls_failed:
    case errc::breaker_open:
    case errc::no_credentials:
        return true;
    default:
        return e.retryable;
    }
}

http::range_spec bounded(std::uint64_t first, std::uint64_t last) {
    return {http::range_spec::form::bounded, first, std::min(last, largest_offset), 0};
}

/// What to ask of an object that is not known: the wanted range in whole pages.
std::optional<http::range_spec> cold_range(const media_request& m) {
    if (m.head_only) {
        return std::nullopt;
    }
    if (!m.ranges.empty()) {
        return bounded(0, cache::page_size - 1); // which of them there are is known once the size is
    }
    if (!m.range) {
        return bounded(0, std::max(m.worker.shared.read_ahead, first_window) - 1); // all of it, but not at once
    }
    if (m.range->kind == http::range_spec::form::suffix) {
        return m.range;
    }
    const std::uint64_t begin = std::min(m.range->first, largest_offset) / cache::page_size * cache::page_size;
    if (m.range->kind == http::range_spec::form::bounded &&
        fits_one_window(m.range->first, m.range->last, m.worker.shared.read_ahead)) {
        return bounded(begin, m.range->last / cache::page_size * cache::page_size + cache::page_size - 1);
    }
    // To the end of a window's unit, so that the windows of all readers meet at the same places.
    return bounded(begin, (begin + first_window / 2) / first_window * first_window + first_window - 1);
}

/// What to ask of an object whose version may have changed: little, of where the reader begins.
std::optional<http::range_spec> stale_range(const media_request& m, const cache::object& o) {
    const std::uint64_t size = o.info().size;
    if (m.head_only || size == 0) {
        return std::nullopt;
    }
    const auto wanted = m.range ? m.range->resolve(size) : http::byte_range{0, size - 1};
    const std::uint64_t begin = wanted ? wanted->first / cache::page_size * cache::page_size : 0;
    return bounded(begin, begin + cache::page_size - 1);
}

awaitable<result<origin::fetched>> ask(media_request& m, const cache::object* stale) {
    origin::fetch_request r;
    r.key = m.key;
    r.method = m.head_only ? sign::method::head : sign::method::get;
    r.give_up = m.give_up;
    r.range = stale != nullptr ? stale_range(m, *stale) : cold_range(m);
    if (stale != nullptr) {
        r.none_match = stale->info().version.value;
    } else if (r.range && r.range->kind == http::range_spec::form::suffix && !m.store.can().suffix_ranges) {
        r.method = sign::method::head; // the size first: from the end can be counted only then
        r.range.reset();
    }
    const auto began = steady_clock::now();
    auto got = co_await origin::fetch(m.worker.origin_pool, m.store, r);
    if (!got && got.error().code == errc::forbidden && m.head_only) {
        // Some stores allow GET alone.
        r.method = sign::method::get;
        r.range = bounded(0, 0);
        auto by_get = co_await origin::fetch(m.worker.origin_pool, m.store, r);
        got = std::move(by_get);
    }
    m.origin_time += steady_clock::now() - began;
    co_return got;
}

/// Asks for what there is whatever the client wants: an empty object has no range to give, its whole tells what it is.
awaitable<result<origin::fetched>> ask_for_any(media_request& m, std::uint64_t size) {
    origin::fetch_request r;
    r.key = m.key;
    r.give_up = m.give_up;
    if (size != 0) {
        r.range = bounded(0, cache::page_size - 1);
    }
    auto got = co_await origin::fetch(m.worker.origin_pool, m.store, r);
    co_return got;
}

lookup_result serve(std::shared_ptr<cache::object> o) {
    lookup_result l;
    l.object = std::move(o);
    return l;
}

lookup_result fail(error e) {
    lookup_result l;
    l.failure = std::move(e);
    return l;
}

/// The origin has another version, or the first that we see: into the cache with it.
awaitable<lookup_result> take_in(media_request& m, origin::fetched got) {
    std::optional<origin::fetched> body(std::move(got));
    m.x.outcome = outcome::miss;
    const fill_source from{m.x.worker, m.worker, m.store};
    const object_name what{m.key, m.given ? std::string_view(m.given->resolver_id) : std::string_view(), m.purges_seen};
    auto taken = co_await admit(from, what, body);
    if (taken) {
        m.stored = true;
        lookup_result l = serve(taken.value().object);
        l.hold = std::move(taken.value().hold);
        co_return l;
    }
    lookup_result l = fail(taken.error());
    if (is_uncacheable(taken.error().code)) {
        l.direct = std::move(body);
    }
    co_return l;
}

awaitable<lookup_result> without_version(media_request& m, const std::shared_ptr<cache::object>& stale, error e) {
    if (stale && is_outage(e) && usable_on_error(m, *stale)) {
        m.x.outcome = outcome::stale;
        m.x.detail = to_string(e.code);
        lookup_result l = serve(stale);
        l.stale_for = std::move(e);
        co_return l;
    }
    if (stale && (e.code == errc::not_found || is_changed(e.code))) {
        m.worker.shared.cache.retire(stale);
    }
    co_return fail(std::move(e));
}

/// Whether the answer is of the version that is stale here, which is its validator and its size; a 304 tells no size,
/// and may leave its validator out.
bool confirms(const origin::object_head& head, const cache::object& stale) {
    if (head.status == 304) {
        return head.validator.empty() || head.validator == stale.info().version.value;
    }
    return head.validator == stale.info().version.value && head.size == stale.info().size;
}

/// The question to the origin, by the one who leads.
awaitable<lookup_result> ask_origin(media_request& m, std::shared_ptr<cache::object> stale) {
    if (const auto ready = m.worker.shared.cache.available(); !ready && !stale) {
        co_return fail(ready.error());
    }
    const auto marked_then = stale ? stale->marked() : 0;
    auto got = co_await ask(m, stale.get());
    if (got && got.value().head().status == 416) {
        // Says nothing of the version, and so nothing of what the client's conditions mean.
        const std::uint64_t size = got.value().head().size;
        got.value().finish();
        if (stale) {
            m.worker.shared.cache.retire(stale);
            stale = nullptr;
        } else if (size != 0 && !has_conditions(m)) {
            lookup_result l;
            l.empty_range = size;
            m.origin_status = 416;
            co_return l;
        }
        auto again = co_await ask_for_any(m, size);
        got = std::move(again);
    }
    if (got && stale && got.value().head().status == 304 && !confirms(got.value().head(), *stale)) {
        got.value().finish(); // the same bytes, but written anew: there is more to a version than them
        m.worker.shared.cache.retire(stale);
        stale = nullptr;
        auto anew = co_await ask(m, nullptr);
        got = std::move(anew);
    }
    if (!got) {
        auto l = co_await without_version(m, stale, got.error());
        co_return l;
    }
    m.fetched = true;
    m.origin_status = got.value().head().status;
    const auto& head = got.value().head();
    if (head.status == 416) {
        co_return fail({errc::bad_content_range, error_source::origin, false});
    }
    if (stale && confirms(head, *stale)) {
        got.value().finish();
        stale->checked_now(marked_then);
        m.x.outcome = outcome::revalidated;
        co_return serve(stale);
    }
    if (stale) {
        m.worker.shared.cache.retire(stale);
    }
    auto l = co_await take_in(m, std::move(got.value()));
    co_return l;
}

} // namespace

representation representation_of(const cache::object& o) noexcept {
    const auto& i = o.info();
    return {i.size, i.version.value, i.content_type, i.last_modified, i.stored};
}

awaitable<lookup_result> look_up(media_request& m) {
    const auto ex = m.x.worker.self.get_executor();
    for (int round = 0; round < most_rounds; ++round) {
        const auto arrived = steady_clock::now();
        auto o = m.worker.shared.cache.find(m.store.identity(), m.key);
        if (o && is_fresh(m, *o)) {
            co_return serve(std::move(o));
        }
        const std::uint64_t marked = o ? o->marked() : 0;
        auto place = m.worker.shared.lookups.enter(m.store.identity() + '\n' + m.key);
        if (place.leads()) {
            // Somebody may have landed between the look and the lead.
            auto again = m.worker.shared.cache.find(m.store.identity(), m.key);
            if (again && is_fresh(m, *again)) {
                place.land(std::nullopt);
                co_return serve(std::move(again));
            }
            auto l = co_await ask_origin(m, std::move(again));
            auto told = l.failure ? l.failure : l.stale_for;
            if (l.empty_range) {
                told = error{errc::canceled, error_source::internal, true}; // their range may be another: they ask anew
            }
            place.land(std::move(told));
            co_return l;
        }
        auto failure = co_await place.wait(ex);
        m.collapsed = true;
        if (!failure && m.x.outcome == outcome::relay) {
            m.x.outcome = o ? outcome::revalidated : outcome::miss;
        }
        if (failure && failure->code != errc::canceled) {
            auto l = co_await without_version(m, o, *failure);
            co_return l;
        }
        auto now = m.worker.shared.cache.find(m.store.identity(), m.key);
        // Marks that were set while we waited are for those who come after them, else a stream of them starves us.
        const bool confirmed = now && (now == o ? now->confirmed() >= marked : !now->must_revalidate());
        if (!failure && confirmed && now->checked() >= arrived) {
            co_return serve(std::move(now)); // asked for while we waited, however short its age may be
        }
    }
    co_return fail({errc::canceled, error_source::internal, true});
}

} // namespace sluice::media
