#pragma once

#include <sluice/config/config.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace sluice::server {

/// Connections to the admin listener at once; for a newer one the one that waits for longest is closed.
inline constexpr std::size_t most_admin_connections = 32;
/// Descriptors that are kept for the admin listener where all others are in use.
inline constexpr unsigned admin_reserve = 8;

/// How many descriptors the process has open where every limit of `c` is reached: a client has its connection and the
/// app's, or the file that it is sent; a fill has the store's connection and its file; pools keep idle connections.
[[nodiscard]] std::uint64_t descriptors_needed(const config::config& c) noexcept;

/// What to say where the hard limit of this process (RLIMIT_NOFILE) is below `needed`; nothing where it is not.
[[nodiscard]] std::optional<std::string> descriptor_shortfall(std::uint64_t needed);

/// Raises the soft limit to `needed`, or to the hard one where that is less. Never lowers it.
void raise_descriptor_limit(std::uint64_t needed);

/// The highest descriptor numbers that this process may have, for the admin listener alone: the soft limit lies below
/// them, so that nobody else gets one, and is raised for the moment of an `accept` that found no other left. A limit of
/// a process has no other way to make a difference between threads.
///
/// One at a time; its limit is put back at its end. `is_reserved` from any thread, an `opening` on one.
class descriptor_reserve {
public:
    /// Lowers the soft limit by `n`; where it is below eight times that, there is nothing to spare, and it stays.
    explicit descriptor_reserve(unsigned n) noexcept;
    descriptor_reserve(const descriptor_reserve&) = delete;
    descriptor_reserve& operator=(const descriptor_reserve&) = delete;
    ~descriptor_reserve();

    /// While one lives, the reserved numbers are given out like all others.
    class [[nodiscard]] opening {
    public:
        explicit opening(const descriptor_reserve& of) noexcept;
        opening(const opening&) = delete;
        opening& operator=(const opening&) = delete;
        ~opening();

    private:
        const descriptor_reserve& of_;
    };

    /// Whether a descriptor has one of these numbers: whoever opened it in the same moment, and is not the admin
    /// listener, closes it again.
    [[nodiscard]] bool is_reserved(int fd) const noexcept { return static_cast<std::uint64_t>(fd) >= first_; }

private:
    std::uint64_t first_; ///< the lowest reserved number
    std::uint64_t end_;   ///< behind the highest
};

} // namespace sluice::server
