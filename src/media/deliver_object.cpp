#include <sluice/media/attempt_rules.hpp>
#include <sluice/media/deliver.hpp>
#include <sluice/media/media_head.hpp>
#include <sluice/media/redirect.hpp>

namespace sluice::media {

namespace {

/// A version may change while it is looked up; beyond this many times the app answers.
constexpr int max_attempts = 3;

awaitable<result<void>> send_unsatisfiable(media_request& m, std::uint64_t size) {
    const representation r{size, {}, {}, {}, {}};
    std::string head;
    m.x.outcome = metrics::outcome::miss;
    append_head(head, m, r, plan{416, {}, false});
    m.x.note_head_sent();
    co_return co_await m.x.client.write(head);
}

awaitable<result<void>> deliver_version(worker_parts& with, media_request& m, cached_version v) {
    if (m.authorization) {
        cache::for_each_tag(m.authorization->purge_tags, [&](std::string_view tag) {
            with.fills.cache.add_purge_tag(v.object, tag, m.purges_seen);
        });
    }
    return deliver_cached(with.fills, with.bodies, m, std::move(v));
}

/// `answer`: set to what the origin gave where that cannot be cached.
awaitable<result<void>> look_up_and_deliver(worker_parts& with, media_request& m,
                                            std::optional<direct_answer>& answer) {
    auto found = co_await look_up(with.lookups, with.fills, m);
    if (!found) {
        co_return found.error();
    }
    if (auto* cached = std::get_if<cached_version>(&found.value())) {
        co_return co_await deliver_version(with, m, std::move(*cached));
    }
    if (auto* uncacheable = std::get_if<uncacheable_answer>(&found.value())) {
        answer.emplace(std::move(uncacheable->answer));
        co_return uncacheable->reason;
    }
    co_return co_await send_unsatisfiable(m, std::get<unsatisfiable_range>(found.value()).size);
}

awaitable<result<void>> deliver_through_cache(worker_parts& with, media_request& m) {
    result<void> sent;
    for (int attempt = 0; attempt < max_attempts; ++attempt) {
        std::optional<direct_answer> answer; // of the origin, that cannot be cached
        cached_version known{find_servable(with.lookups, with.fills, m)};
        if (known.object) { // a hit, without the frames of a look-up
            sent = co_await deliver_version(with, m, std::move(known));
        } else {
            sent = co_await look_up_and_deliver(with, m, answer);
        }
        switch (after_attempt(sent, m.x.head_sent)) {
        case next_attempt::none:
            co_return sent;
        case next_attempt::bypass_cache: {
            const direct_context direct{with.fills, with.bodies};
            co_return co_await deliver_direct(direct, m, std::move(answer), sent.error().code);
        }
        case next_attempt::look_up_again:
            m.begin_again();
            break;
        }
    }
    co_return sent;
}

} // namespace

awaitable<result<void>> deliver_object(worker_parts& with, media_request& m) {
    if (m.store.is_local()) {
        return deliver_local(with.bodies, m);
    }
    if (m.route.settings.delivery == config::delivery::redirect) {
        return redirect(with.fills.origin_pool, m);
    }
    return deliver_through_cache(with, m);
}

} // namespace sluice::media
