#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// The chunked transfer coding (RFC 9112 §7.1), as it is written. Pure.
namespace sluice::http {

/// What ends a chunk.
inline constexpr std::string_view crlf = "\r\n";
/// Ends a body of chunks, without trailers.
inline constexpr std::string_view last_chunk = "0\r\n\r\n";
/// The same behind a chunk.
inline constexpr std::string_view crlf_last_chunk = "\r\n0\r\n\r\n";

/// Appends the line that goes before the data of a chunk of `size` bytes. `crlf` goes behind the data.
void append_chunk_header(std::string& out, std::size_t size);

} // namespace sluice::http
