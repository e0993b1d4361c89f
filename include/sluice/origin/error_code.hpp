#pragma once

#include <sluice/http/head.hpp>

#include <string_view>

namespace sluice::origin {

/// The word by which a store names its error, as in `NoSuchKey` or `SlowDown`: Azure's `x-ms-error-code`, or what
/// stands in `<Code>` at the beginning of an XML body (S3, GCS). "" where there is none: only letters and digits are
/// taken, 64 at most. `body`: as much of it as has come. A view into what was passed. Pure.
[[nodiscard]] std::string_view error_code_of(const http::response_head& head, std::string_view body) noexcept;

} // namespace sluice::origin
