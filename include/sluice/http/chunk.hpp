#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// The chunked transfer coding (RFC 9112 §7.1), as it is written. Pure.
namespace sluice::http {

inline constexpr std::string_view crlf = "\r\n";
inline constexpr std::string_view last_chunk = "0\r\n\r\n";
inline constexpr std::string_view crlf_last_chunk = "\r\n0\r\n\r\n";

/// Appends the line that goes before the data of a chunk of `size` bytes. `crlf` goes behind the data.
void append_chunk_header(std::string& out, std::size_t size);

} // namespace sluice::http
