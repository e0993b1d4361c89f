#pragma once

#include <sluice/base/error.hpp>
#include <sluice/cache/key.hpp>

#include <string>
#include <string_view>
#include <vector>

/// The metadata file of an object, format version 2. Pure: bytes in, bytes out.
///
/// Layout, integers little-endian: magic "SLUICEMD", u32 format version, u32 page size, then length-prefixed (u32)
/// texts and numbers in the order of `metadata`, the runs of present pages (u64 their number, then u64 first page and
/// u32 pages of each), a checksum (XXH64) for each of their pages, and at the end the XXH64 of all that came before it.
/// Absent pages take no room, however large the object is. src/cache/README.md has it as a table.
namespace sluice::cache {

/// The format that is written; files of others are not read.
inline constexpr std::uint32_t format_version = 2;

/// How many bytes an object's purge tags may take, all together: room for them is charged from the beginning.
inline constexpr std::size_t max_purge_tags = 1024;

/// What the metadata file of an object holds.
struct metadata {
    object_info info;
    std::chrono::system_clock::time_point checked; ///< when the origin last confirmed the version
    bool must_revalidate{false};                   ///< it was invalidated, and not revalidated since
    /// Present pages one after the other.
    struct run {
        std::uint64_t first{0};
        std::uint32_t pages{0};
        friend bool operator==(const run&, const run&) = default;
    };
    std::vector<run> present;             ///< in ascending order, apart
    std::vector<std::uint64_t> checksums; ///< of their pages, in their order

    /// Adds a page behind all others.
    void add(std::uint64_t page, std::uint64_t checksum);
};

/// The contents of the metadata file.
[[nodiscard]] std::string encode(const metadata& m);

/// The most that both files of an object take on the disk beside the bytes of its pages while it holds `blocks` blocks
/// of `pages_per_block`: its metadata file, and the extents of the data file. Bytes, whole 4 KiB units.
[[nodiscard]] std::uint64_t max_metadata_charge(const object_info& info, std::size_t blocks,
                                                std::size_t pages_per_block) noexcept;

/// Errors: `errc::disk_error` for anything that is not a whole, unharmed metadata file of this version.
[[nodiscard]] result<metadata> decode(std::string_view bytes);

} // namespace sluice::cache
