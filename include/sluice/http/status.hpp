#pragma once

#include <string_view>

namespace sluice::http {

/// The reason phrase of `status` (RFC 9110 §15); "" where it has none. Lives forever.
[[nodiscard]] std::string_view reason_phrase(unsigned status) noexcept;

} // namespace sluice::http
