#pragma once

#include <string_view>

namespace sluice::media {

/// True for types that a browser may show in place: image but SVG, audio, video, PDF, plain text.
[[nodiscard]] bool is_inline_type(std::string_view content_type) noexcept;

/// What an object of a type that is not for display is called where it is isolated from pages of the origin: the same,
/// but `application/octet-stream` for scripts and style sheets, which pages run whatever the disposition and the policy
/// of the response (HTML §4.12.1, §4.2.4), and for what is no single media type. A view into `content_type`, or one
/// that lives forever.
[[nodiscard]] std::string_view isolated_type(std::string_view content_type) noexcept;

} // namespace sluice::media
