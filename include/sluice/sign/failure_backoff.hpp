#pragma once

#include <sluice/base/error.hpp>

#include <chrono>
#include <mutex>
#include <optional>

namespace sluice::sign {

/// What a service failed with last, so that not every request waits for one that is down or refuses us. From any
/// thread.
class failure_memory {
public:
    using time_point = std::chrono::system_clock::time_point;

    /// The last failure, where the service is not to be asked at `now`; nullopt: the caller is to ask it, and to say
    /// what came of it. After a failure that is one caller alone: the others get the failure until it has an answer.
    [[nodiscard]] std::optional<error> refusal(time_point now);
    /// After that the service is left alone as `identity::renewal_plan::after_failure` says.
    void failed(error e, time_point now);
    void succeeded();

private:
    [[nodiscard]] bool waiting(time_point now) const { return failure_ && now >= since_ && now < until_; }

    std::mutex mutex_; // guards all below
    std::optional<error> failure_;
    unsigned failures_{0}; // in a row
    bool asking_{false};   // somebody does, since the last failure
    time_point since_{};   // a clock that was set back must not keep anybody from asking
    time_point until_{};
};

} // namespace sluice::sign
