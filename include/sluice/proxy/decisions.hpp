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

    /// Moves on with every DELETE: a decision whose subrequest began in an earlier era is not kept.
    [[nodiscard]] std::uint64_t era() const noexcept { return era_.load(std::memory_order_acquire); }
    void keep(const std::string& key, std::shared_ptr<const grant> given, steady_clock::time_point until,
              std::uint64_t asked_in_era);
    /// Drops all of them.
    void drop_all();

private:
    struct kept {
        steady_clock::time_point until;
        std::shared_ptr<const grant> given;
    };

    const sign::hmac_key secret_;
    const std::size_t capacity_;
    std::atomic<std::uint64_t> era_{0};
    std::mutex mutex_;
    std::unordered_map<std::string, kept> kept_;
    std::deque<std::string> order_; ///< as they came; the first goes first
};

} // namespace sluice::proxy
