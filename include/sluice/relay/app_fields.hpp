#pragma once

#include <sluice/http/head.hpp>

#include <span>
#include <string>

namespace sluice::relay {

/// Appends the app's fields but those that end at this hop, framing, and those named in `hidden` (lower case; `_`
/// counts as `-`). True where a Date is among what was appended.
bool append_app_fields(std::string& out, const http::response_head& head, std::span<const std::string> hidden);

} // namespace sluice::relay
