#pragma once

#include <sluice/http/header_list.hpp>
#include <sluice/media/media_request.hpp>
#include <sluice/media/plan.hpp>

#include <string>
#include <string_view>

/// The heads of media responses. Pure but for the date.
namespace sluice::media {

/// Appends a whole head, its last CRLF included, and sets `m.x.status`. A response header of media responses is added
/// here.
void append_head(std::string& out, media_request& m, const representation& r, const plan& p);

/// The value of `Cache-Status` (RFC 9211) for a response that bypasses the cache; `detail` tells why.
[[nodiscard]] std::string bypass_status(std::string_view detail);

/// The field `Cache-Status` with that value.
[[nodiscard]] http::header_list bypass_fields(std::string_view detail);

/// Those fields of a response of ours that takes the place of an object: `Cache-Status` with that value, and what pages
/// of other origins need to read it.
[[nodiscard]] http::header_list failure_response_fields(const session::exchange& x, const media_route& route,
                                                        std::string_view reason);

} // namespace sluice::media
