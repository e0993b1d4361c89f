#pragma once

#include <sluice/http/content_coding.hpp>
#include <sluice/media/media_request.hpp>
#include <sluice/media/multipart.hpp>

#include <optional>

/// What a client's range and conditions come to.
namespace sluice::media {

/// What a client's preconditions and range come to for one version.
struct plan {
    unsigned status{200}; ///< 200, 206, 304, 412 or 416
    http::byte_range bytes{};
    bool has_body{false}; ///< bytes [bytes.first, bytes.last] follow the head, or `several`
    std::optional<multipart> several{};
    http::content_coding coding{http::content_coding::identity}; ///< of a 200's body, or of the one that a 304 is about
    bool varies{false};                                          ///< by what the client accepts
};

/// RFC 9110 §13.2.2 and §14.2 in their order: preconditions, If-Range, Range; then the content coding (§12.5.3).
///
/// Preconditions are evaluated against the object's own validator, whatever the coding: a coded answer has it as a weak
/// one (§8.8.1), which If-None-Match compares as equal, and If-Match and If-Range never do.
[[nodiscard]] plan make_plan(const media_request& m, const representation& r);

/// As `make_plan`, for a body that is sent now: sets `m.coded`, and leaves the coding away where as many bodies are
/// being compressed as may be.
[[nodiscard]] plan make_delivery_plan(media_request& m, const representation& r);

/// Sets `range` or `ranges` of a request to what its `Range` asks for; neither where there is none, and where it is
/// ignored (RFC 9110 §14.2).
void take_ranges(media_request& m);

/// Whether any field of the request is a condition (RFC 9110 §13.1), which only a validator can decide.
[[nodiscard]] bool has_conditions(const media_request& m) noexcept;

} // namespace sluice::media
