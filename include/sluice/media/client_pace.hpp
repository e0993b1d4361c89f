#pragma once

#include <sluice/base/asio.hpp>

#include <cstdint>
#include <optional>

namespace sluice::media {

/// How fast a client takes what it is sent, and so how far ahead of it is fetched. Pure.
class client_pace {
public:
    explicit client_pace(steady_clock::time_point began) noexcept
        : sample_began_(began) {}

    /// It has taken `bytes` more by `now`.
    void add(std::uint64_t bytes, steady_clock::time_point now) noexcept;

    /// How far to fetch ahead: what it takes in four seconds, but no more than twice what it has taken so far, since
    /// what was taken at first may lie in buffers on the way; at least `least`, at most `most`.
    [[nodiscard]] std::uint64_t window(std::uint64_t least, std::uint64_t most) const noexcept;
    /// Whether it is known how fast it is.
    [[nodiscard]] bool is_known() const noexcept { return rate_.has_value(); }

private:
    std::uint64_t taken_{0};
    std::uint64_t sample_{0};
    steady_clock::time_point sample_began_;
    std::optional<double> rate_{}; ///< bytes a second
};

} // namespace sluice::media
