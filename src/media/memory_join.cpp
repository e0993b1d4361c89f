#include "memory_join.hpp"

#include <sluice/http/freshness.hpp>
#include <sluice/media/lookup.hpp>
#include <sluice/media/plan.hpp>

#include "client_fetch.hpp"

#include <optional>
#include <string_view>

namespace sluice::media::detail {

namespace {

own_request own_request_of(const media_request& m) {
    const auto& pace = m.store.pace();
    return {pace.first_byte(), pace.each()};
}

bool is_current(fill_context& with, const media_request& m, const memory_stream::description& s) {
    const bool is_new = s.received >= m.x.started || http::is_fresh(s.received, steady_clock::now(), m.route.max_age);
    const auto tag = m.authorization ? std::string_view(m.authorization->purge_tag) : std::string_view();
    return is_new && !with.cache.has_changed_since(s.purges_seen, m.store.identity(), m.key, tag);
}

/// What `m` wants of that object; nullopt where the response has no body, which needs no transfer.
std::optional<http::byte_range> wanted_of(const media_request& m, const origin::object_head& head) {
    const requested_ranges wanted{m.wanted.single, {}};
    const representation r = representation_of(head);
    const plan p = plan_without_coding(m.x.request.fields, m.head_only, wanted, r);
    return p.has_body ? std::optional(p.bytes) : std::nullopt;
}

/// `wanted(about)`: what is wanted of a transfer called `name` that is described so; nullopt: nothing.
template <class F>
std::unique_ptr<memory_follower> join_first(fill_context& with, const media_request& m, const std::string& name,
                                            F wanted) {
    if (m.head_only || !with.memory.any()) {
        return nullptr;
    }
    for (const auto& each : with.memory.of(name)) {
        const std::optional<http::byte_range> bytes = wanted(each->about());
        if (!bytes) {
            continue;
        }
        if (auto joined = each->try_follow(with.worker.self.get_executor(), *bytes, own_request_of(m))) {
            with.worker.counters.memory_streams_joined->Increment();
            return joined;
        }
    }
    return nullptr;
}

} // namespace

std::unique_ptr<memory_follower> join_stream(fill_context& with, const media_request& m) {
    return join_first(with, m, lookup_flights::key_of(m.store, m.key), [&](const memory_stream::description& s) {
        return is_current(with, m, s) ? wanted_of(m, s.head) : std::nullopt;
    });
}

std::unique_ptr<memory_follower> join_stream_of(fill_context& with, const media_request& m,
                                                const std::string& name, const known_version& version,
                                                const http::byte_range& bytes) {
    return join_first(with, m, name, [&](const memory_stream::description& s) {
        const bool is_same =
            !version.validator.empty() && s.head.validator == version.validator && s.head.size == version.size;
        return is_same ? std::optional(bytes) : std::nullopt;
    });
}

} // namespace sluice::media::detail
