#include "memory_join.hpp"

#include <sluice/http/freshness.hpp>
#include <sluice/media/lookup.hpp>
#include <sluice/media/plan.hpp>

#include "client_fetch.hpp"

#include <optional>
#include <string_view>
#include <utility>

namespace sluice::media::detail {

namespace {

own_request own_request_of(const media_request& m) {
    const auto& pace = m.store.pace();
    return {pace.first_byte(), pace.each()};
}

bool is_current(fill_context& with, const media_request& m, const memory_stream::description& s) {
    const bool is_new = s.received >= m.x.started || http::is_fresh(s.received, steady_clock::now(), m.route.max_age);
    const auto tag = m.authorization ? std::string_view(m.authorization->purge_tags) : std::string_view();
    return is_new && s.app_version == m.app_version() &&
           !with.cache.has_changed_since(s.purges_seen, m.store.identity(), m.key, tag);
}

/// What `m` wants of that object; nullopt where the response has no body.
std::optional<http::byte_range> wanted_of(const media_request& m, const origin::object_head& head) {
    const requested_ranges wanted{m.wanted.single, {}};
    const representation r = representation_of(head);
    const plan p = plan_without_coding(m.x.request.fields, m.head_only, wanted, r);
    return p.has_body ? std::optional(p.bytes) : std::nullopt;
}

std::unique_ptr<memory_follower> counted(fill_context& with, std::unique_ptr<memory_follower> follower) {
    if (follower) {
        with.worker.counters.memory_streams_joined->Increment();
    }
    return follower;
}

} // namespace

std::unique_ptr<memory_follower> join_stream(fill_context& with, const media_request& m) {
    if (m.head_only || !with.memory.any()) {
        return nullptr;
    }
    const auto ex = with.worker.self.get_executor();
    for (const auto& each : with.memory.latest_of(lookup_flights::key_of(m.store, m.key))) {
        if (!is_current(with, m, each->about())) {
            continue;
        }
        const auto wanted = wanted_of(m, each->about().head);
        auto follower = wanted ? each->try_follow(ex, *wanted, own_request_of(m)) : each->try_look(ex);
        if (follower) {
            return counted(with, std::move(follower));
        }
    }
    return nullptr;
}

std::unique_ptr<memory_follower> join_stream_of(fill_context& with, const media_request& m, const std::string& name,
                                                const known_version& version, const http::byte_range& bytes) {
    if (m.head_only || version.validator.empty() || !with.memory.any()) {
        return nullptr;
    }
    for (const auto& each : with.memory.of(name)) {
        const auto& head = each->about().head;
        if (head.validator != version.validator || head.size != version.size) {
            continue;
        }
        if (auto follower = each->try_follow(with.worker.self.get_executor(), bytes, own_request_of(m))) {
            return counted(with, std::move(follower));
        }
    }
    return nullptr;
}

} // namespace sluice::media::detail
