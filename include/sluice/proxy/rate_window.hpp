#pragma once

#include <sluice/base/asio.hpp>

#include <cstdint>
#include <optional>

namespace sluice::proxy {

/// Judges whether a peer moves bytes too slowly, from samples. Only time in which it is the peer that is waited for
/// counts: a sample that finds somebody else to blame begins anew. Pure.
class rate_window {
public:
    /// How long a peer is looked at before it is judged, and again each time.
    static constexpr std::chrono::seconds length{10};

    /// `least`: bytes a second; 0: nobody is too slow.
    explicit rate_window(std::uint64_t least)
        : least_(least) {}

    /// `waited`: whether the peer is waited for just now. `total`: bytes that it moved, all told. True from the sample
    /// that found it too slow until one finds it fast enough, or not waited for.
    bool sample(bool waited, std::uint64_t total, steady_clock::time_point now) noexcept {
        if (least_ == 0 || !waited) {
            since_.reset();
            slow_ = false;
        } else if (!since_) {
            since_ = now;
            before_ = total;
        } else if (const auto took = now - *since_; took >= length) {
            const auto seconds = std::chrono::duration<double>(took).count();
            slow_ = static_cast<double>(total - before_) < static_cast<double>(least_) * seconds;
            since_ = now;
            before_ = total;
        }
        return slow_;
    }

private:
    std::uint64_t least_;
    std::optional<steady_clock::time_point> since_;
    std::uint64_t before_{0};
    bool slow_{false};
};

} // namespace sluice::proxy
