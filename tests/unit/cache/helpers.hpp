#pragma once

#include <sluice/cache/object.hpp>

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>

/// What the cache's tests share: objects without a disk.
namespace sluice::cache::testing {

inline constexpr std::uint64_t kib = 1024;
inline constexpr std::uint64_t mib = 1024 * kib;

inline object_info info_of(std::uint64_t size, std::string name = "films/a.mp4") {
    object_info i;
    i.key = {"s3|s3.example|media", std::move(name)};
    i.version = {validator_kind::etag, "\"v1\""};
    i.size = size;
    i.content_type = "video/mp4";
    i.last_modified = "Sun, 06 Nov 1994 08:49:37 GMT";
    i.stored = std::chrono::system_clock::now();
    return i;
}

/// An object of four-page blocks, its budget, and a worker that never runs.
struct bench {
    explicit bench(std::uint64_t size, std::uint64_t limit = 1024 * mib, std::uint64_t block_size = 4 * page_size)
        : room(limit)
        // Its metadata is charged elsewhere.
        , it(std::make_shared<object>(info_of(size), block_size, 1, room, *policy, 1024 * mib)) {}
    ~bench() { room.charge(it->metadata_charge()); }
    bench(const bench&) = delete;
    bench& operator=(const bench&) = delete;

    budget room;
    const std::unique_ptr<eviction_policy> policy{make_lru()};
    std::shared_ptr<object> it;
    asio::io_context context;

    std::unique_ptr<reader> read(std::uint64_t first, std::uint64_t last) {
        return std::make_unique<reader>(it, context.get_executor(), first, last);
    }
    /// What the writer does before it writes. False where the budget has no room.
    bool reserve(const fill& f, std::uint64_t length) {
        auto n = it->reservation_for(f, length);
        if (n.pages == 0) {
            return true;
        }
        if (!room.try_charge(n.bytes)) {
            return false;
        }
        it->reserved(f, n);
        return true;
    }
    /// Reserves and publishes `length` bytes, with a made-up checksum for each page that becomes whole.
    void publish(fill& f, std::uint64_t length) {
        reserve(f, length);
        std::vector<std::pair<std::size_t, std::uint64_t>> sums;
        for (std::uint64_t at = f.published; at < f.published + length;) {
            const auto page = static_cast<std::size_t>(at / page_size);
            const std::uint64_t to = std::min(f.published + length, it->layout().page_end(page));
            const bool whole = page != f.begin / page_size || f.begin % page_size == 0;
            if (to == it->layout().page_end(page) && whole) {
                sums.emplace_back(page, page + 1000);
            }
            at = to;
        }
        it->publish(f, length, sums);
    }
    /// Fetches the pages of [first, last] to their end.
    void fetch(std::uint64_t first, std::uint64_t last) {
        const auto f = it->claim(first, last, false);
        publish(*f, f->end - f->published);
        it->end_fill(*f, {});
    }
    void evict(std::size_t block) { it->punched(it->begin_eviction(block), true); }
};

inline constexpr bool whole_pages = false;
inline constexpr bool inside_page = true;

} // namespace sluice::cache::testing
