#pragma once

#include <sluice/config/config.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace sluice::server {

/// Connections to the admin listener at once; for a newer one the one that has waited longest is closed.
inline constexpr std::size_t max_admin_connections = 32;
/// Descriptors that only the admin listener may use.
inline constexpr unsigned admin_reserve = 8;
/// Idle connections to one store that a worker keeps.
inline constexpr std::size_t max_idle_origin_connections = 64;

/// How many descriptors the process has open where every limit of `c` is reached: a client has its connection and the
/// app's, or the file that it is sent; a fill has the store's connection and its file; pools keep idle connections.
[[nodiscard]] std::uint64_t descriptors_needed(const config::config& c) noexcept;

/// A warning where the hard limit of this process (RLIMIT_NOFILE) is below `needed`; nullopt where it is not.
[[nodiscard]] std::optional<std::string> descriptor_shortfall(std::uint64_t needed);

/// Raises the soft limit to `needed`, or to the hard one where that is less. Never lowers it.
void raise_descriptor_limit(std::uint64_t needed);

/// Keeps the highest descriptor numbers of the process for the admin listener: the soft limit lies below them, and is
/// raised for the moment of an `accept` that found no other left. The limit is the process's, so there is no way to
/// raise it for one thread.
///
/// One at a time; its end restores the limit. `is_reserved` from any thread, an `opening` on one.
class descriptor_reserve {
public:
    /// Lowers the soft limit by `n`; not where it is below eight times that, and there is nothing to spare.
    explicit descriptor_reserve(unsigned n) noexcept;
    descriptor_reserve(const descriptor_reserve&) = delete;
    descriptor_reserve& operator=(const descriptor_reserve&) = delete;
    ~descriptor_reserve();

    /// While one exists, the reserved numbers are given out like all others.
    class [[nodiscard]] opening {
    public:
        explicit opening(const descriptor_reserve& of) noexcept;
        opening(const opening&) = delete;
        opening& operator=(const opening&) = delete;
        ~opening();

    private:
        const descriptor_reserve& of_;
    };

    /// Whether a descriptor has one of these numbers. Anyone but the admin listener who got one, in the moment of an
    /// `opening`, closes it again.
    [[nodiscard]] bool is_reserved(int fd) const noexcept { return static_cast<std::uint64_t>(fd) >= first_; }

private:
    std::uint64_t first_; ///< the lowest reserved number
    std::uint64_t end_;   ///< one above the highest
};

} // namespace sluice::server
