#pragma once

#include <sluice/base/error.hpp>
#include <sluice/http/head.hpp>

#include <cstdint>
#include <string_view>

/// What follows from a request's failing at the app. Pure.
namespace sluice::relay {

/// Idempotent methods (RFC 9110 §9.2.2).
[[nodiscard]] bool is_idempotent(std::string_view method) noexcept;

/// What is known of an attempt that failed.
struct failed_attempt {
    errc why;
    bool reused;         ///< on a connection that had carried a request before
    bool response_begun; ///< a byte of the app's response came
    bool body_streamed;  ///< a part of the request's body is gone that cannot be sent again
};

/// Whether the request may be sent once more on a fresh connection: the app closed a reused one while the request was
/// on its way, so that most likely nobody read it.
[[nodiscard]] bool may_retry(const failed_attempt& attempt, std::string_view method) noexcept;

/// What a client gets where the app gives no response.
enum class failure_response : std::uint8_t {
    none,            ///< it is gone: its connection is closed
    bad_request,     ///< 400: its chunked body is malformed
    request_timeout, ///< 408: it sends too slowly, but is there
    waiting_page,    ///< 503 with a page that tries again: a browser's navigation while the app starts
    gateway_timeout, ///< 504
    bad_gateway      ///< 502
};

/// `client_open`: its connection is. `waits_for_start`: it is a page request and `app.waiting_page` is on.
[[nodiscard]] failure_response response_to(const error& why, bool client_open, bool waits_for_start) noexcept;

} // namespace sluice::relay
