#pragma once

#include <sluice/http/content_coding.hpp>
#include <sluice/http/head.hpp>
#include <sluice/media/multipart.hpp>
#include <sluice/media/representation.hpp>
#include <sluice/media/requested_ranges.hpp>

#include <optional>
#include <string_view>

/// What a client's range and conditions come to. Pure but for the boundary of several ranges.
namespace sluice::media {

/// What a client's preconditions and range come to for one version.
struct plan {
    unsigned status{200}; ///< 200, 206, 304, 412 or 416
    http::byte_range bytes{};
    bool has_body{false};               ///< bytes [bytes.first, bytes.last] follow the head, or `several`
    std::optional<multipart> several{}; ///< what follows instead, where it is more than one range
    http::content_coding coding{http::content_coding::identity}; ///< of a 200's body, or of the one that a 304 is about
    bool varies{false};                                          ///< by what the client accepts
};

/// All of a plan but the coding: preconditions, If-Range, Range, in the order of RFC 9110 §13.2.2 and §14.2.
///
/// Preconditions are evaluated against the object's own validator, whatever the coding: a coded answer has it as a weak
/// one (§8.8.1), which If-None-Match compares as equal, and If-Match and If-Range never do. `several` has no type yet.
[[nodiscard]] plan plan_without_coding(const http::field_list& fields, bool head_only, const requested_ranges& wanted,
                                       const representation& r);

} // namespace sluice::media
