#pragma once

#include <sluice/base/asio.hpp>

#include <cstdint>
#include <optional>

namespace sluice::session {

/// Judges whether a peer moves bytes too slowly, from samples. Only time in which it is the peer that is waited for
/// counts: a sample that finds somebody else to blame begins anew. Pure.
class rate_window {
public:
    /// How long a peer is looked at before it is judged, and again each time.
    static constexpr std::chrono::seconds length{10};

    /// `least`: bytes a second; 0: nobody is too slow. `over`: instead of `length`.
    explicit rate_window(std::uint64_t least, steady_clock::duration over = length)
        : least_(least)
        , over_(over) {}

    /// `waited`: whether the peer is waited for just now. `total`: bytes that it moved, all told. True from the sample
    /// that found it too slow until one finds it fast enough, or not waited for.
    bool sample(bool waited, std::uint64_t total, steady_clock::time_point now) noexcept {
        if (least_ == 0 || !waited) {
            since_.reset();
            slow_ = false;
        } else if (!since_) {
            since_ = now;
            before_ = total;
        } else if (const auto took = now - *since_; took >= over_) {
            const auto seconds = std::chrono::duration<double>(took).count();
            slow_ = static_cast<double>(total - before_) < static_cast<double>(least_) * seconds;
            since_ = now;
            before_ = total;
        }
        return slow_;
    }

private:
    std::uint64_t least_;
    steady_clock::duration over_;
    std::optional<steady_clock::time_point> since_;
    std::uint64_t before_{0};
    bool slow_{false};
};

/// What a client does just now, and the bytes that it moved, all told.
struct client_progress {
    bool body_awaited{false}; ///< bytes of a request's body are waited for, which the client may send
    std::uint64_t received{0};
    bool taking_awaited{false}; ///< it is waited for to take what is sent
    std::uint64_t taken{0};
};

enum class rate_verdict : std::uint8_t {
    none,
    slow_body, ///< told once: no more is read, but the client is answered yet
    slow_send
};

/// Judges both directions of one exchange. Pure.
class client_rates {
public:
    /// Bytes a second; 0: any.
    client_rates(std::uint64_t body, std::uint64_t send)
        : body_(body)
        , send_(send) {}

    rate_verdict sample(const client_progress& p, steady_clock::time_point now) noexcept {
        const bool slow_body = body_.sample(p.body_awaited && !refused_, p.received, now);
        const bool slow_send = send_.sample(p.taking_awaited, p.taken, now);
        refused_ = refused_ || slow_body;
        return slow_body ? rate_verdict::slow_body : slow_send ? rate_verdict::slow_send : rate_verdict::none;
    }

private:
    rate_window body_;
    rate_window send_;
    bool refused_{false};
};

} // namespace sluice::session
