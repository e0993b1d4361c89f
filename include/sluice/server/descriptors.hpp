#pragma once

#include <sluice/config/config.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::server {

/// Connections to the admin listener at once; for a newer one the one that waits for longest is closed.
inline constexpr std::size_t most_admin_connections = 32;
/// Descriptors that are kept for the admin listener where all others are in use.
inline constexpr std::size_t admin_reserve = 8;

/// How many descriptors the process has open where every limit of `c` is reached: a client has its connection and the
/// app's, or the file that it is sent; a fill has the store's connection and its file; pools keep idle connections.
[[nodiscard]] std::uint64_t descriptors_needed(const config::config& c) noexcept;

/// What to say where the hard limit of this process (RLIMIT_NOFILE) is below `needed`; nothing where it is not.
[[nodiscard]] std::optional<std::string> descriptor_shortfall(std::uint64_t needed);

/// Raises the soft limit to `needed`, or to the hard one where that is less. Never lowers it.
void raise_descriptor_limit(std::uint64_t needed);

/// Spare descriptors of /dev/null (its constructor throws `std::system_error` without one), given up one by one where a
/// connection must be accepted and none is left. On one thread.
class descriptor_reserve {
public:
    explicit descriptor_reserve(std::size_t most);
    descriptor_reserve(const descriptor_reserve&) = delete;
    descriptor_reserve& operator=(const descriptor_reserve&) = delete;
    ~descriptor_reserve();

    /// Closes a spare one, whose number the next `accept` gets. False where there is none.
    bool give_up_one() noexcept;
    /// Takes over an open socket: where a spare one is missing it becomes that in one step, so that nobody else gets
    /// the number in between; else it is closed.
    void take(int fd) noexcept;
    /// Opens what is missing, as far as there are descriptors.
    void refill() noexcept;

private:
    std::size_t most_;
    int null_; ///< what the spare ones are made of
    std::vector<int> spare_;
};

} // namespace sluice::server
