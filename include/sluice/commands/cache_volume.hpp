#pragma once

#include <sluice/config/config.hpp>

#include <cstdint>
#include <string>
#include <vector>

/// Whether the cache's limits fit the volume of its directory.
namespace sluice::commands {

/// What of `c` does not fit a volume of `volume_size` bytes, a line each, without a full stop: then `min_free` stops
/// all writes, or bounds the cache before `max_size` does. Pure.
[[nodiscard]] std::vector<std::string> limits_beyond_volume(const config::cache& c, std::uint64_t volume_size);

/// The same for the volume that the cache's directory is on, or will be made on. Empty without a cache, and where the
/// system does not tell.
[[nodiscard]] std::vector<std::string> limits_beyond_volume(const config::cache& c);

} // namespace sluice::commands
