#pragma once

#include <sluice/base/asio.hpp>

#include <cstdint>
#include <optional>

namespace sluice::session {

/// Decides from samples whether a peer moves bytes too slowly. Only time in which the peer is waited for counts: a
/// sample that finds otherwise begins a new window. Pure.
class rate_window {
public:
    /// How long each window is, at whose end it is decided.
    static constexpr std::chrono::seconds length{10};

    /// `min_rate`: bytes a second; 0: nobody is too slow. `window`: instead of `length`.
    explicit rate_window(std::uint64_t min_rate, steady_clock::duration window = length)
        : min_rate_(min_rate)
        , window_(window) {}

    /// `waited`: whether the peer is waited for just now. `total`: bytes that it has moved in total. True from the
    /// sample that found it too slow until one finds it fast enough, or not waited for.
    bool sample(bool waited, std::uint64_t total, steady_clock::time_point now) noexcept {
        if (min_rate_ == 0 || !waited) {
            since_.reset();
            slow_ = false;
        } else if (!since_) {
            since_ = now;
            before_ = total;
        } else if (const auto took = now - *since_; took >= window_) {
            const auto seconds = std::chrono::duration<double>(took).count();
            slow_ = static_cast<double>(total - before_) < static_cast<double>(min_rate_) * seconds;
            since_ = now;
            before_ = total;
        }
        return slow_;
    }

private:
    std::uint64_t min_rate_;
    steady_clock::duration window_;
    std::optional<steady_clock::time_point> since_;
    std::uint64_t before_{0};
    bool slow_{false};
};

/// What a client is waited for just now, and the bytes that it has moved in total.
struct client_progress {
    bool awaits_body{false}; ///< bytes of a request's body, which it may send
    std::uint64_t received{0};
    bool awaits_room{false}; ///< that it takes what is sent
    std::uint64_t taken{0};
};

/// What is done about a client.
enum class rate_verdict : std::uint8_t {
    none,
    slow_body, ///< given once: no more is read, but the client can still be answered
    slow_send
};

/// Decides on both directions of one exchange. Pure.
class client_rates {
public:
    /// Bytes a second; 0: any.
    client_rates(std::uint64_t body, std::uint64_t send)
        : body_(body)
        , send_(send) {}

    rate_verdict sample(const client_progress& p, steady_clock::time_point now) noexcept {
        const bool slow_body = body_.sample(p.awaits_body && !refused_, p.received, now);
        const bool slow_send = send_.sample(p.awaits_room, p.taken, now);
        refused_ = refused_ || slow_body;
        return slow_body ? rate_verdict::slow_body : slow_send ? rate_verdict::slow_send : rate_verdict::none;
    }

private:
    rate_window body_;
    rate_window send_;
    bool refused_{false};
};

} // namespace sluice::session
