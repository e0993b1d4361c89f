#pragma once

#include <sluice/base/clock.hpp>
#include <sluice/base/mutex.hpp>
#include <sluice/media/join_rules.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace sluice::media {

/// The first requests for objects that are not cached, while they run. Who begins inside what one of them brings soon
/// enough follows that one; who begins elsewhere asks beside it, since waiting for an answer only to ask then would
/// double the time to the first byte.
///
/// Shared by all workers.
class cold_requests {
public:
    /// So many run beside each other for one object; more follow one of these.
    static constexpr std::size_t max_beside = 64;

    /// One ranged GET.
    struct request {
        std::uint64_t first{0}; ///< the first byte that it asks for
        std::uint64_t last{0};
        steady_clock::time_point began{};
    };

    /// Lists a request as running, as long as this lives.
    class registration {
    public:
        registration(cold_requests& owner, std::string object, const request& r);
        registration(registration&& other) noexcept;
        registration& operator=(registration&&) = delete;
        ~registration();

    private:
        cold_requests* owner_; ///< nullptr where it was moved from
        std::string object_;
        std::uint64_t first_;
    };

    /// The first byte of the request for `object` that a reader follows which begins at `wanted`; nullopt: it asks for
    /// itself. `own`: what its own request would be like.
    [[nodiscard]] std::optional<std::uint64_t> to_follow(const std::string& object, std::uint64_t wanted,
                                                         steady_clock::time_point now, const own_request& own);

private:
    mutex mutex_;
    std::unordered_map<std::string, std::vector<request>> running_ GUARDED_BY(mutex_);
};

} // namespace sluice::media
