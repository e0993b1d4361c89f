#pragma once

#include <sluice/media/media_request.hpp>
#include <sluice/media/plan.hpp>

namespace sluice::media::detail {

/// Sets `coding` and `varies` of a plan that is complete otherwise, by the route's `compress`.
///
/// Ranges are of the object as it is, so that requests with a Range get no coding, nor a 304 to one; nor does HTTP/1.0,
/// which has no chunks, nor what says `no-transform` on either side (RFC 9110 §7.7) or is encoded already.
void negotiate(const media_request& m, const representation& r, plan& p);

} // namespace sluice::media::detail
