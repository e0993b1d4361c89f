#pragma once

#include <sluice/config/route.hpp>
#include <sluice/media/path_template.hpp>

#include <string>
#include <string_view>
#include <vector>

/// Which queries a media route takes, and what it takes of them. Pure.
namespace sluice::media {

/// True where a route takes the query that came. `query` is what follows `?`; `has_query` tells a bare `?` from none.
/// Parameters that the route captures or forwards are allowed by themselves, however their names are encoded.
[[nodiscard]] bool query_allowed(const config::route& r, std::string_view query, bool has_query);

/// Appends a capture for each of `names`. False where one of these parameters is not there exactly once, or is empty.
///
/// Names are compared decoded. A parameter that some app could take for the same (another case, PHP's `name[]`, and
/// `.` or a space for `_`) counts as one that is there a second time; and a query with a raw `;`, which some apps take
/// for `&`, gives nothing.
[[nodiscard]] bool take_query_captures(const std::vector<std::string>& names, std::string_view query,
                                       std::vector<capture>& captures);

/// The parameters of `query` with one of `names`, raw and in their order, joined by `&`; "" where there is none.
[[nodiscard]] std::string forwarded_query(const std::vector<std::string>& names, std::string_view query);

} // namespace sluice::media
