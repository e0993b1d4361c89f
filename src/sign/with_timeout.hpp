#pragma once

#include <sluice/sign/signer.hpp>

namespace sluice::sign {

/// Waits for `task` until `deadline`; then cancels it and completes with `errc::timeout` (retryable). A cancelled task
/// ends soon, but after that: whatever it uses, it must own, unless it lives as long as the worker.
awaitable<result<signed_request>> with_timeout(awaitable<result<signed_request>> task,
                                               steady_clock::time_point deadline);

} // namespace sluice::sign
