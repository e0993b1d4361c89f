#pragma once

#include <sluice/base/error.hpp>

#include <string>
#include <string_view>
#include <vector>

/// Checks on the templates of a route. Pure; errors are `errc::bad_config`. What the router does with a template that
/// passed is its own affair.
namespace sluice::config {

/// The captures of a route's `path`, in their order; the last may be the rest of the path (`{x*}`).
///
/// A path begins with `/`. A segment is either one whole capture (`{x}`, or `{x*}` as the last) or literal. Literals
/// are compared with the raw path of a request, so they are written as they come on the wire: RFC 3986 §3.3 `pchar`s,
/// escapes included, but nothing that keeps a request from matching any media route (dot segments, empty segments, `;`,
/// and escapes of `/`, `\`, `;` and control characters). Names are `[a-z_][a-z0-9_]*` and unique.
[[nodiscard]] result<std::vector<std::string>> path_captures(std::string_view path);

/// Checks `object`: a key whose `{x}`, anywhere in it, are among `captures`. No control characters, dot segments or
/// empty text.
[[nodiscard]] result<void> check_object(std::string_view text, const std::vector<std::string>& captures);

/// Checks `subrequest`: a target that begins with `/`, as it goes over the wire, with `{x}` among `captures` anywhere
/// in its path. A query may follow, but without captures: a raw `&` in one would add parameters.
[[nodiscard]] result<void> check_subrequest(std::string_view text, const std::vector<std::string>& captures);

/// What every object of the template begins with: the text before its first capture.
[[nodiscard]] std::string_view literal_head(std::string_view object);

} // namespace sluice::config
