#pragma once

#include <cstdint>

/// How a file of a local store is sent. Pure.
namespace sluice::media {

/// How the bytes of a file are sent that others may write to meanwhile.
enum class file_method : std::uint8_t {
    none,       ///< there is no body
    encoded,    ///< through an encoder, piece by piece
    at_once,    ///< all of it in one write from memory
    copied,     ///< piece by piece from memory
    by_sendfile ///< the file's own pages, but its end from memory
};

/// `body_size`: bytes of the file; `copy`: the store's setting.
[[nodiscard]] file_method file_method_for(bool has_body, bool is_encoded, std::uint64_t body_size, bool copy) noexcept;

/// The end of a file's response that is sent from memory. Bodies of no more than that have no other part.
inline constexpr std::uint64_t file_end_size = 64 * 1024;

} // namespace sluice::media
