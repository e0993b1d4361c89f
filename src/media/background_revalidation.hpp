#pragma once

#include <sluice/media/lookup.hpp>

#include <memory>

/// Stale versions that are served at once, and revalidated meanwhile (RFC 5861 §3).
namespace sluice::media::detail {

/// Whether `o`, which is stale, answers the request at once: it may by its age, and all that the client wants of it is
/// in the cache. What has to be fetched asks the origin anyway, and a version that changed there would be found out
/// only after the head.
[[nodiscard]] bool serves_while_revalidating(const media_request& m, cache::object& o);

/// Says in `m` that `stale` is served at once, and has it revalidated, unless that is under way already or
/// `with.revalidations` of others are. The revalidation belongs to this worker and not to the request, after whose end
/// it goes on until the request's `give_up`; look-ups that must wait follow it.
void revalidate_in_background(const lookup_context& with, fill_context& fills, media_request& m,
                              std::shared_ptr<cache::object> stale);

} // namespace sluice::media::detail
