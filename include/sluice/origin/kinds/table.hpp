#pragma once

#include <sluice/config/store_kind.hpp>

namespace sluice::origin {

/// All kinds of stores, for `config::load_file`. Lives forever.
[[nodiscard]] config::store_kinds store_kinds() noexcept;

} // namespace sluice::origin
