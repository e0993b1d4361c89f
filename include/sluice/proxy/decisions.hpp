#pragma once

#include <sluice/base/asio.hpp>
#include <sluice/proxy/grant.hpp>
#include <sluice/sign/crypto.hpp>

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace sluice::proxy {

/// Grants that were given a moment ago, so that a player's next range asks nobody. Bounded; from any thread.
///
/// A key is an HMAC under a key of this process over everything that was sent, so that neither a dump of memory nor a
/// chosen collision gives anything away. Only grants are kept: a denial is the app's own answer each time.
class decisions {
public:
    explicit decisions(std::size_t capacity = 65536);

    /// The name of a decision: route, method, target and the fields that were sent, as one unambiguous text.
    [[nodiscard]] std::string key_of(std::string_view everything) const;

    /// The grant that is kept under `key`; nullptr where there is none, or none any more.
    [[nodiscard]] std::shared_ptr<const grant> find(const std::string& key, steady_clock::time_point now);

    /// Moves on when a DELETE begins and when it ends: a decision whose subrequest began in an earlier era is not kept,
    /// and none is while a DELETE runs.
    [[nodiscard]] std::uint64_t era() const noexcept { return era_.load(std::memory_order_acquire); }
    void keep(const std::string& key, std::shared_ptr<const grant> given, steady_clock::time_point until,
              steady_clock::time_point now, std::uint64_t asked_in_era);

    /// A DELETE on its way: drops all decisions when it begins and when it ends.
    class [[nodiscard]] deletion {
    public:
        explicit deletion(decisions& d)
            : decisions_(d) {
            decisions_.begin_deletion();
        }
        deletion(const deletion&) = delete;
        deletion& operator=(const deletion&) = delete;
        ~deletion() { decisions_.end_deletion(); }

    private:
        decisions& decisions_;
    };

private:
    void begin_deletion();
    void end_deletion();
    void drop(); // under the lock

    struct kept {
        steady_clock::time_point until;
        std::shared_ptr<const grant> given;
    };

    const sign::hmac_key secret_;
    const std::size_t capacity_;
    std::atomic<std::uint64_t> era_{0};
    std::mutex mutex_;
    unsigned deletions_{0};
    std::unordered_map<std::string, kept> kept_;
    std::deque<std::string> order_; ///< as they came; the first goes first
};

} // namespace sluice::proxy
