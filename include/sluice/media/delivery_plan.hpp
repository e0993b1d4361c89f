#pragma once

#include <sluice/media/body_context.hpp>
#include <sluice/media/media_request.hpp>
#include <sluice/media/plan.hpp>

namespace sluice::media {

/// The whole plan of a response: `plan_without_coding`, then the content coding (RFC 9110 §12.5.3) by the route's
/// `compress`.
[[nodiscard]] plan make_plan(const media_request& m, const representation& r);

/// As `make_plan`, for a body that is sent now: sets `m.coded`, and leaves the coding away where as many bodies are
/// being compressed as may be.
[[nodiscard]] plan make_delivery_plan(const body_context& with, media_request& m, const representation& r);

} // namespace sluice::media
