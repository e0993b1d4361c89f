#pragma once

#include "bounds.hpp"

#include <algorithm>
#include <optional>

namespace sluice::media::simulation {

/// A client and the sockets before it: it takes `rate` bytes a second of what was put into them.
class client_model {
public:
    /// The socket's queue, as it is limited while bytes are being fetched, and the client's own buffer.
    static constexpr std::uint64_t client_buffer = 64 * KiB;
    static constexpr std::uint64_t room = 128 * KiB + client_buffer;

    /// `rate`: none: it takes all at once. `stops_after`: bytes.
    client_model(std::optional<double> rate, std::uint64_t stops_after)
        : rate_(rate)
        , stops_after_(stops_after) {}

    /// Puts up to `bytes` into the sockets; gives how many.
    std::uint64_t put(std::uint64_t bytes, steady_clock::time_point now) {
        take(now);
        const std::uint64_t n = std::min(bytes, free());
        put_ += n;
        take(now);
        return n;
    }
    /// When it will have taken enough for some more: a third of the room.
    [[nodiscard]] steady_clock::time_point has_room_at(steady_clock::time_point now) {
        take(now);
        const std::uint64_t wanted = put_ - std::min(put_, room - room / 3); // to be taken until then
        if (!rate_ || wanted > stops_after_) {
            return never;
        }
        const double missing = static_cast<double>(wanted) - taken_;
        return now +
               std::chrono::duration_cast<steady_clock::duration>(
                   std::chrono::duration<double>(std::max(missing, 0.0) / *rate_)) +
               std::chrono::nanoseconds(1);
    }
    [[nodiscard]] std::uint64_t taken(steady_clock::time_point now) {
        take(now);
        return static_cast<std::uint64_t>(taken_);
    }

    /// What has left this host's queue: taken, or in the client's own buffer.
    [[nodiscard]] std::uint64_t left_queue(steady_clock::time_point now) {
        return std::min(put_, taken(now) + client_buffer);
    }

private:
    [[nodiscard]] std::uint64_t free() const {
        const std::uint64_t held = put_ - static_cast<std::uint64_t>(taken_);
        if (!rate_ && put_ < stops_after_) {
            return std::min(stops_after_ - put_ + room, std::uint64_t{1} << 40U);
        }
        return room - std::min(room, held);
    }
    void take(steady_clock::time_point now) {
        const auto most = static_cast<double>(std::min(put_, stops_after_));
        if (!rate_) {
            taken_ = most;
            return;
        }
        const double since = std::chrono::duration<double>(now - at_).count();
        at_ = now;
        taken_ = std::min(most, taken_ + since * *rate_);
    }

    std::optional<double> rate_;
    std::uint64_t stops_after_;
    std::uint64_t put_{0};
    double taken_{0};
    steady_clock::time_point at_{};
};

} // namespace sluice::media::simulation
