#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

/// What every byte of every benchmark object is: the origin makes it, the load generator checks it, and neither keeps
/// it. The 8-byte little-endian word at offset 8·i is `splitmix64(seed + i)`, where the seed is the FNV-1a hash of the
/// path's last segment: bytes of another object or another offset do not pass for the right ones.
namespace bench {

static_assert(std::endian::native == std::endian::little);

/// One step of Steele, Lea and Flood's SplitMix64.
[[nodiscard]] constexpr std::uint64_t splitmix64(std::uint64_t state) noexcept {
    state += 0x9E3779B97F4A7C15U;
    state = (state ^ (state >> 30U)) * 0xBF58476D1CE4E5B9U;
    state = (state ^ (state >> 27U)) * 0x94D049BB133111EBU;
    return state ^ (state >> 31U);
}

/// The last segment of a path, without its query.
[[nodiscard]] constexpr std::string_view last_segment(std::string_view path) noexcept {
    path = path.substr(0, path.find('?'));
    return path.substr(path.rfind('/') + 1);
}

/// The seed of the object that a path names, on whichever server the path is asked.
[[nodiscard]] constexpr std::uint64_t seed_of(std::string_view path) noexcept {
    std::uint64_t hash = 0xCBF29CE484222325U;
    for (const char byte : last_segment(path)) {
        hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001B3U;
    }
    return hash;
}

/// The size of the object that a path names: the decimal digits behind its last dot, as in `/media/film.67108864`.
/// Empty where there are none.
[[nodiscard]] constexpr std::optional<std::uint64_t> size_of(std::string_view path) noexcept {
    const auto name = last_segment(path);
    const auto dot = name.rfind('.');
    if (dot == std::string_view::npos || dot + 1 == name.size() || name.size() - dot > 18) {
        return std::nullopt;
    }
    std::uint64_t size = 0;
    for (const char digit : name.substr(dot + 1)) {
        if (digit < '0' || digit > '9') {
            return std::nullopt;
        }
        size = size * 10 + static_cast<std::uint64_t>(digit - '0');
    }
    return size;
}

/// Calls `use(piece, at)` for each piece of the content of `[offset, offset + length)`, `at` counting from 0, until it
/// returns false. A piece is at most 8 bytes, valid during the call.
template <class Use>
constexpr void each_word(std::uint64_t seed, std::uint64_t offset, std::size_t length, Use use) {
    for (std::size_t at = 0; at < length;) {
        const auto skip = static_cast<std::size_t>((offset + at) % 8);
        const auto word = std::bit_cast<std::array<char, 8>>(splitmix64(seed + (offset + at) / 8));
        const auto count = std::min<std::size_t>(8 - skip, length - at);
        if (!use(std::span<const char>{word}.subspan(skip, count), at)) {
            return;
        }
        at += count;
    }
}

/// Writes the content that begins at `offset` of the object into `out`.
inline void fill(std::uint64_t seed, std::uint64_t offset, std::span<char> out) {
    each_word(seed, offset, out.size(), [&](std::span<const char> piece, std::size_t at) {
        if (piece.size() == 8) {
            std::memcpy(out.data() + at, piece.data(), 8); // of a known size: one store
        } else {
            std::memcpy(out.data() + at, piece.data(), piece.size());
        }
        return true;
    });
}

/// Whether `bytes` are the object's content from `offset` on.
[[nodiscard]] inline bool matches(std::uint64_t seed, std::uint64_t offset, std::span<const char> bytes) {
    bool same = true;
    each_word(seed, offset, bytes.size(), [&](std::span<const char> piece, std::size_t at) {
        same = std::memcmp(bytes.data() + at, piece.data(), piece.size()) == 0;
        return same;
    });
    return same;
}

/// The value of a field of a head, by its lower-case name, without the space around it; empty where it is absent.
/// Enough for messages of programs of our own and of servers under test: the first field of that name counts.
[[nodiscard]] inline std::string_view field(std::string_view head, std::string_view name) {
    const auto lower = [](char byte) { return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : byte; };
    for (auto at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
        auto line = head.substr(at + 2);
        if (line.size() <= name.size() || line[name.size()] != ':' ||
            !std::equal(name.begin(), name.end(), line.begin(), [&](char a, char b) { return a == lower(b); })) {
            continue;
        }
        line = line.substr(name.size() + 1);
        line = line.substr(0, line.find("\r\n"));
        line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
        return line.substr(0, line.find_last_not_of(" \t") + 1);
    }
    return {};
}

} // namespace bench
