#pragma once

#include <sluice/config/config.hpp>
#include <sluice/http/head.hpp>

#include <string_view>

/// Which responses to a subrequest allow. Pure; requests and `check --online` go by it.
namespace sluice::authorize {

/// True where a response with this status and these fields allows a request of the route `r`, which sends subrequests
/// as `how` says: where all of this holds.
/// - Its status is one of `how.accept`. Where that is empty: 200, or 204 where the route does not resolve, and no
///   Content-Type of `text/html`, since an app with a catch-all page responds to anything with a 200. With `how.same`
///   200, or 206 to a question for the first byte, and a Content-Type that is not `text/html`.
/// - Where `r` resolves, it is JSON.
/// - Everything that `how.require` names.
[[nodiscard]] bool is_allowed(const config::route& r, const config::authorize_subrequest& how, unsigned status,
                              const http::field_list& fields);

/// The media type of a Content-Type (RFC 9110 §8.3.1) without its parameters. A view into `content_type`.
[[nodiscard]] std::string_view media_type_of(std::string_view content_type) noexcept;

/// `application/json`, or a type with the suffix `+json` (RFC 6839 §3.1), whatever the case. `media_type`: without
/// parameters.
[[nodiscard]] bool is_json_type(std::string_view media_type) noexcept;

} // namespace sluice::authorize
