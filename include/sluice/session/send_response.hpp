#pragma once

#include <sluice/http/header_list.hpp>
#include <sluice/session/exchange.hpp>

#include <string_view>

/// Responses that Sluice makes itself. All arguments must live until completion. None fails: where the client cannot be
/// sent to, its connection is closed.
namespace sluice::session {

/// `Retry-After: 1`, for a response to what cannot be served now but may be in a second. Lives forever.
[[nodiscard]] const http::header_list& retry_soon();

/// Sends a short response of ours; `content_type`: of `body`, "" for none. A 204 goes without body and without its
/// length. Sets `x.status` and `x.head_sent`; another request follows only where this one's body was read.
awaitable<void> send_response_as(exchange& x, unsigned status, std::string_view content_type, std::string_view body,
                                 const http::header_list& fields = http::no_fields);

/// The same with a plain-text body.
awaitable<void> send_response(exchange& x, unsigned status, std::string_view text,
                              const http::header_list& fields = http::no_fields);

/// Sends a response's head alone: to a HEAD that the app denied, with what the app said to the GET.
awaitable<void> send_response_head(exchange& x, unsigned status, const http::header_list& fields);

} // namespace sluice::session
