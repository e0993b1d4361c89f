#pragma once

#include <sluice/base/asio.hpp>

#include <cstdint>
#include <optional>

namespace sluice::media {

/// How fast a client takes what it is sent, and so how far ahead of it is fetched. What lies in this host's queues for
/// it is not taken. Pure.
class client_pace {
public:
    explicit client_pace(steady_clock::time_point began) noexcept
        : sample_began_(began) {}

    /// It has taken `bytes` in all by `now`.
    void update(std::uint64_t bytes, steady_clock::time_point now) noexcept;

    /// How far to fetch ahead: `first` until it has taken what may lie in the buffers on its way; then 3.5 MiB, with
    /// what it has taken up to 8 MiB, and then half of what it has taken; no more than it takes in four seconds, where
    /// that is known; at least `least`, at most `most`.
    [[nodiscard]] std::uint64_t ahead(std::uint64_t first, std::uint64_t least, std::uint64_t most) const noexcept;

private:
    std::uint64_t taken_{0};
    std::uint64_t sample_from_{0};
    steady_clock::time_point sample_began_;
    std::optional<double> rate_{}; ///< bytes a second
};

} // namespace sluice::media
