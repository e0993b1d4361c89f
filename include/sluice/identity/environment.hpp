#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::identity {

/// Looks up an environment variable; nullopt where it is unset or empty, which the clouds' SDKs treat alike.
using environment = std::function<std::optional<std::string>(std::string_view)>;

/// The environment of this process.
[[nodiscard]] environment process_environment();

/// True where `name` is set to `true`, in whatever case.
[[nodiscard]] bool is_true(const environment& env, std::string_view name);

} // namespace sluice::identity
