#pragma once

#include <string_view>

/// Media types (RFC 9110 §8.3.1): by the extension of a name, and whether they compress. Pure.
namespace sluice::http {

/// The type by the extension of a name, as Python's `mimetypes.guess_type` gives it ("a/b.tar.gz" is a tar, however it
/// is compressed); "" where it is not known. Lives forever.
[[nodiscard]] std::string_view media_type_of_name(std::string_view name);

/// The same, but "" too for what a page could make a browser run, whatever the disposition (pages, scripts, styles,
/// SVG): nobody vouches for a name. Lives forever.
[[nodiscard]] std::string_view inert_type_of_name(std::string_view name);

/// True for types whose content is worth compressing on the fly; parameters and case do not count.
[[nodiscard]] bool is_compressible_type(std::string_view content_type) noexcept;

} // namespace sluice::http
