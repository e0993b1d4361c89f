#pragma once

#include <sluice/proxy/media.hpp>
#include <sluice/proxy/multipart.hpp>

#include <optional>

/// What a client's range and conditions come to.
namespace sluice::proxy {

/// What a client's preconditions and range come to for one version.
struct plan {
    unsigned status{200}; ///< 200, 206, 304, 412 or 416
    http::byte_range bytes{};
    bool has_body{false}; ///< bytes [bytes.first, bytes.last] follow the head, or `several`
    std::optional<multipart> several{};
};

/// RFC 9110 §13.2.2 and §14.2 in their order: preconditions, If-Range, Range.
[[nodiscard]] plan make_plan(const media_request& m, const representation& r);

/// Sets `range` or `ranges` of a request to what its `Range` asks for; neither where there is none, and where it is
/// ignored (RFC 9110 §14.2).
void take_ranges(media_request& m);

/// Whether any field of the request is a condition (RFC 9110 §13.1), which only a validator can decide.
[[nodiscard]] bool has_conditions(const media_request& m) noexcept;

} // namespace sluice::proxy
