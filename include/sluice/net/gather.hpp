#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <string_view>

namespace sluice::net {

/// Up to three pieces that are written one after the other, in as few system calls as can be. Views only.
class gather {
public:
    explicit gather(std::string_view a, std::string_view b = {}, std::string_view c = {}) noexcept
        : parts_{a, b, c} {}

    [[nodiscard]] bool empty() const noexcept { return size() == 0; }
    /// Bytes that are still to be sent.
    [[nodiscard]] std::size_t size() const noexcept { return parts_[0].size() + parts_[1].size() + parts_[2].size(); }
    /// The first piece that is not used up.
    [[nodiscard]] std::string_view front() const noexcept;
    /// Drops the first `n` bytes.
    void consume(std::size_t n) noexcept;

    /// One `sendmsg` of what is left, never waiting, never raising SIGPIPE; drops what was taken.
    /// Gives what was taken, or -1 with errno set.
    ssize_t send(int socket) noexcept;

private:
    std::array<std::string_view, 3> parts_;
};

} // namespace sluice::net
