#pragma once

#include <sluice/sign/signer.hpp>

namespace sluice::sign {

/// Waits for `task`, at the longest until `give_up`: then `errc::timeout` (retryable), and the task is cut. It ends
/// soon, but after that: it must own what it uses, but what lives as long as the worker.
awaitable<result<signed_request>> bounded(awaitable<result<signed_request>> task, steady_clock::time_point give_up);

} // namespace sluice::sign
