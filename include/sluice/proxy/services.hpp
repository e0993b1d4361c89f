#pragma once

#include <sluice/authorize/authorize.hpp>
#include <sluice/media/deliver.hpp>
#include <sluice/media/fallback.hpp>
#include <sluice/media/media_route.hpp>
#include <sluice/proxy/invalidation.hpp>
#include <sluice/relay/upstream.hpp>

#include <vector>

namespace sluice::proxy {

/// What the phases of one worker's requests work with, a member for each room that they call. Lives as long as the
/// worker.
struct services {
    relay::upstream& app;
    authorize::authorizer& authorizer;
    media::worker_parts& media;
    media::fallback_state& fallback;
    const std::vector<media::media_route>& routes; ///< in the order in which they are tried
    const std::vector<invalidation_rule>& invalidation_rules;
};

} // namespace sluice::proxy
