#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <string_view>

namespace sluice::net {

/// Up to three buffers that are written one after the other, in as few system calls as possible (scatter/gather I/O).
/// Views only.
class gather {
public:
    /// `a`, then `b`, then `c`.
    explicit gather(std::string_view a, std::string_view b = {}, std::string_view c = {}) noexcept
        : parts_{a, b, c} {}

    /// Whether all is consumed.
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }
    /// Bytes that are still to be sent.
    [[nodiscard]] std::size_t size() const noexcept { return parts_[0].size() + parts_[1].size() + parts_[2].size(); }
    /// What is left of the first buffer that is not sent.
    [[nodiscard]] std::string_view front() const noexcept;
    /// Drops the first `n` bytes.
    void consume(std::size_t n) noexcept;

    /// One `sendmsg` of what is left, which never waits and never raises SIGPIPE; drops what was sent.
    /// Returns how many bytes that was, or -1 with errno set.
    ssize_t send(int socket) noexcept;

private:
    std::array<std::string_view, 3> parts_;
};

} // namespace sluice::net
