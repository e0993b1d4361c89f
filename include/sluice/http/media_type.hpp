#pragma once

#include <string_view>

/// What media types (RFC 9110 §8.3.1) are known of names, and of themselves. Pure.
namespace sluice::http {

/// The type that the ending of a name tells ("a/b.tar.gz" is a tar, whatever it is packed in), as Python's
/// `mimetypes.guess_type` has it; "" where it is not known. Lives forever.
[[nodiscard]] std::string_view media_type_of_name(std::string_view name);

/// True for types whose content text-like compression makes smaller; parameters and case do not count.
[[nodiscard]] bool is_compressible_type(std::string_view content_type) noexcept;

} // namespace sluice::http
