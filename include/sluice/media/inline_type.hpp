#pragma once

#include <string_view>

namespace sluice::media {

/// True for types that a browser may show in place: image but SVG, audio, video, PDF, plain text.
[[nodiscard]] bool is_inline_type(std::string_view content_type) noexcept;

} // namespace sluice::media
