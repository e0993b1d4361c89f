#pragma once

#include <sluice/media/plan.hpp>

#include <string>
#include <string_view>

/// The heads of media responses. Pure but for the date.
namespace sluice::media {

/// Writes a whole head, last CRLF included, and sets x.status.
void append_head(std::string& out, media_request& m, const representation& r, const plan& p);

/// `Cache-Status` of a response that does not come out of the cache: a whole line.
[[nodiscard]] std::string bypass_status(std::string_view detail);

} // namespace sluice::media
