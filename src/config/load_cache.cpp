#include "sections.hpp"

#include <algorithm>
#include <bit>

namespace sluice::config {

using namespace std::chrono_literals;

void read_cache(reading& r, const node& where, cache& out) {
    constexpr std::uint64_t kib = 1024;
    constexpr std::uint64_t tib = kib * kib * kib * kib;
    mapping m(r, where, "cache");
    m.read_path("directory", out.directory);
    const node* max_size = m.read_size("max_size", out.max_size, 1, 1024 * tib);
    m.read_size("min_free", out.min_free, 0, 1024 * tib);
    m.read_count("max_objects", out.max_objects, std::uint64_t{1}, std::uint64_t{100'000'000});
    const node* block = m.read_size("block_size", out.block_size, 64 * kib, 16 * kib * kib);
    if (block != nullptr && !std::has_single_bit(out.block_size)) {
        m.wrong("block_size", *block, "must be a power of two");
    }
    m.read_duration("max_age", out.max_age, 0ms, 24h * 3650);
    m.read_duration("stale_if_error", out.stale_if_error, 0ms, 24h * 3650);
    duration stale_while_revalidate{0};
    if (m.read_duration("stale_while_revalidate", stale_while_revalidate, 0ms, 24h * 3650) != nullptr) {
        out.stale_while_revalidate = stale_while_revalidate;
    }
    const node* ahead = m.read_size("read_ahead", out.read_ahead, 1, kib * kib * kib);
    const node* memory = m.read_size("memory", out.memory, 0, tib);
    if (memory != nullptr && out.memory != 0 && out.memory < kib * kib) {
        m.wrong("memory", *memory, "must be 0, or from 1MiB on");
    }
    const node* share = m.read("max_share", out.max_share, parse_percent);
    if (share != nullptr && out.max_share == 0) {
        m.wrong("max_share", *share, "must be from 1% to 100%");
    }
    m.finish();
    // The message is at whichever of the two was written.
    if (out.max_size < 16 * out.block_size && (max_size != nullptr || block != nullptr)) {
        m.wrong("max_size", max_size != nullptr ? *max_size : *block, "must be at least 16 blocks of block_size");
    }
    if (out.read_ahead < out.block_size && (ahead != nullptr || block != nullptr)) {
        m.wrong("read_ahead", ahead != nullptr ? *ahead : *block, "must be at least block_size");
    }
}

duration stale_while_revalidate_of(const cache& c) noexcept {
    return c.stale_while_revalidate.value_or(std::min(c.stale_if_error, c.max_age));
}

duration stale_while_revalidate_of(const route& r, const cache& c) noexcept {
    if (r.stale_while_revalidate) {
        return *r.stale_while_revalidate;
    }
    if (!r.max_age) {
        return stale_while_revalidate_of(c);
    }
    return std::min(c.stale_while_revalidate.value_or(c.stale_if_error), *r.max_age);
}

} // namespace sluice::config
