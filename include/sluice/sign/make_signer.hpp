#pragma once

#include <sluice/base/clock.hpp>
#include <sluice/config/config.hpp>
#include <sluice/sign/signer.hpp>

#include <memory>

namespace sluice::sign {

/// The signer of a store; nullptr for local stores, which need none. Called at start-up.
/// Throws `std::invalid_argument` for a store that cannot be addressed.
[[nodiscard]] std::unique_ptr<signer> make_signer(const config::store& store, wall_clock clock = system_wall_clock());

} // namespace sluice::sign
