#pragma once

#include <sluice/base/error.hpp>
#include <sluice/http/head.hpp>

#include <string_view>

/// The guard against request smuggling: what Beast's parser accepts and Sluice must not.
namespace sluice::http {

/// A request that has passed the guard.
struct checked_request {
    /// The target in origin-form, `*` for OPTIONS. A view into the head's target, or of a literal.
    std::string_view target;
    /// The Host in effect: a view into the head, "" where an HTTP/1.0 request has none.
    std::string_view host;
};

/// Checks a request's framing, Host and the form of its target. Any request must pass before anything else is done.
///
/// Errors, source client: `errc::not_implemented` (answer 501) for a transfer coding other than `chunked`;
/// `errc::bad_request` (answer 400, and close) for all else: Transfer-Encoding in HTTP/1.0, repeated, with
/// Content-Length, or `chunked` other than exactly once (RFC 9112 §6.1); Content-Length repeated, equal or not, not a
/// number, or 2^63 or more; Host missing in HTTP/1.1, repeated or invalid (§3.2); CONNECT; a target with `#`, or one
/// that is neither origin-form, nor `*` with OPTIONS, nor an http(s) absolute-form whose authority is that of Host
/// (§3.2.2); more than 64 connection options.
[[nodiscard]] result<checked_request> check_request(const request_head& head);

/// Checks the framing of what an app or an origin (`source`) answers.
///
/// Error: `errc::protocol_error`: Transfer-Encoding in HTTP/1.0, with Content-Length, or anything but exactly one
/// `chunked`; Content-Lengths that differ, are not numbers, or are 2^63 or more. Equal ones pass (RFC 9112 §6.3): write
/// one anew.
[[nodiscard]] result<void> check_response(const response_head& head, error_source source);

/// A Host value: a name of letters, digits and `-._~%XX`, an IPv4 address, or an IPv6 address in brackets, with or
/// without a port up to 65535. Never empty.
[[nodiscard]] bool is_host(std::string_view value) noexcept;

} // namespace sluice::http
