#pragma once

#include <sluice/base/asio.hpp>
#include <sluice/base/error.hpp>
#include <sluice/cache/key.hpp>
#include <sluice/origin/fetch.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

/// The decisions of a fill from the origin into the cache. Pure.
namespace sluice::media {

/// Whether the block in hand lacks so little that it is finished although nobody reads it. `position`: the next byte;
/// `end`: one past the fill's last.
[[nodiscard]] bool is_nearly_whole(std::uint64_t position, std::uint64_t end, std::uint64_t block_size) noexcept;

/// Whether a fill that broke with `broken` is resumed, with `left` of the store's patience since its last byte: the
/// time in which nobody wanted one does not count. A store may break each attempt at once; only progress buys more
/// time.
[[nodiscard]] bool may_resume(const error& broken, steady_clock::duration left) noexcept;

/// A request for the bytes [first, last] of exactly that version. Views into `version`.
[[nodiscard]] origin::fetch_request request_for_version(const cache::object_info& version, std::uint64_t first,
                                                        std::uint64_t last, steady_clock::time_point give_up) noexcept;

/// Error: `unexpected_status` where the answer has no body.
[[nodiscard]] result<void> check_has_body(const origin::object_head& answer);

/// Error: `bad_content_range` where the answer's body does not begin at `position`, at which the fill broke.
[[nodiscard]] result<void> check_resumes(const origin::object_head& answer, std::uint64_t position);

/// What the cache is to know of a new version. `store`: the store's identity; `is_generation`: its validator is a
/// generation number, not an entity tag.
[[nodiscard]] cache::object_info describe_version(const origin::object_head& answer, std::string_view store,
                                                  std::string_view key, std::string_view purge_tags, bool is_generation,
                                                  std::chrono::system_clock::time_point now);

} // namespace sluice::media
