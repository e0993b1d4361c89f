#pragma once

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace sluice {

/// Whose fault an error is. It decides the status, the log level and the metric label.
enum class error_source : std::uint8_t { client, app, origin, internal };

/// What went wrong. `to_string` gives the stable name used in logs, in `reason=` labels and in
/// `Cache-Status: …; detail=` (RFC 9211 §2.8).
enum class errc : std::uint8_t {
    // what peers do
    connect_failed,
    resolve_failed,
    tls_failed,
    connection_lost,
    timeout,
    protocol_error,
    short_body,
    // what a client asks
    bad_request,
    header_too_large,
    not_implemented,
    range_ignored,
    range_not_satisfiable,
    // what a store answers
    forbidden,
    not_found,
    throttled,
    store_error,
    unexpected_status,
    precondition_failed,
    bad_content_range,
    content_encoded,
    validator_changed,
    // what keeps an object out of the cache
    no_validator,
    cache_off,
    cache_starting,
    cache_full,
    disk_full,
    disk_error,
    too_large,
    fills_limit,
    pool_busy,
    purged, ///< during the look-up
    // ours
    no_credentials,
    sign_failed,
    breaker_open,
    canceled,
    bad_config,
    internal_error,
};

/// The stable snake_case name of `code`; never null, lives forever.
[[nodiscard]] std::string_view to_string(errc code) noexcept;
/// The stable name of `source`; never null, lives forever.
[[nodiscard]] std::string_view to_string(error_source source) noexcept;

/// An error value: code, source, and whether trying again may help. `detail` is for logs and for the person who
/// reads them; it never holds a secret, a query string or a body of an origin.
struct error {
    errc code{errc::internal_error};
    error_source source{error_source::internal};
    bool retryable{false};
    std::string detail{};
};

/// The result of a function that may fail at run time. Exceptions are for start-up and for broken invariants only.
template <class T = void>
using result = boost::system::result<T, error>;

/// Thrown by `result::value()` on an error, which is a broken invariant of the caller.
struct error_exception : std::runtime_error {
    /// Its `what()` has the code and the detail.
    explicit error_exception(const error& e);
    error what_failed;
};

[[noreturn]] void throw_exception_from_error(const error& e, const boost::source_location& where);

} // namespace sluice
