#pragma once

#include <sluice/config/config.hpp>
#include <sluice/http/head.hpp>

#include <string_view>

/// What the app's answer to a subrequest must be to grant. Pure; the gate and `check --online` go by it.
namespace sluice::authorize {

/// True where an answer with this status and these fields grants on the route `r`, which asks by `how`.
///
/// Its status is one of `how.accept`; where that is empty, 200 (204 too where nothing is resolved) and no Content-Type
/// is `text/html`: an app with a catch-all page answers 200 to anything. Where `r` resolves, the answer is JSON. And
/// all that `how.require` names holds.
[[nodiscard]] bool is_allowed(const config::route& r, const config::authorize_subrequest& how, unsigned status,
                              const http::field_list& fields);

/// The media type of a Content-Type (RFC 9110 §8.3.1) without its parameters. A view into `content_type`.
[[nodiscard]] std::string_view media_type_of(std::string_view content_type) noexcept;

/// `application/json`, or a type with the suffix `+json` (RFC 6839 §3.1), whatever the case. `media_type`: without
/// parameters.
[[nodiscard]] bool is_json_type(std::string_view media_type) noexcept;

} // namespace sluice::authorize
