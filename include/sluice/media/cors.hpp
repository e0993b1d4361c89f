#pragma once

#include <sluice/config/config.hpp>
#include <sluice/http/head.hpp>
#include <sluice/http/header_list.hpp>
#include <sluice/session/response_head.hpp>

#include <optional>
#include <string_view>

/// A route's responses to pages of other origins (Fetch §3.2, https://fetch.spec.whatwg.org/#http-cors-protocol). Pure.
namespace sluice::media {

/// The fields of a 204 that answers a preflight. Nullopt where the request is none that this route answers, and is
/// relayed: a method other than OPTIONS, not exactly one Origin and one Access-Control-Request-Method, or a request for
/// a method that the app serves (all but GET and HEAD).
///
/// An origin that is not allowed gets no Access-Control-* field, and so does a request for more than 20 fields or for
/// something that is no field name. Else the fields asked for are allowed: the app decides by the request itself.
[[nodiscard]] std::optional<http::header_list> preflight_response_fields(const config::cors& c, std::string_view method,
                                                                         const http::field_list& fields);

/// Adds a media response's fields for a request with that `Origin` ("": none). `Vary: Origin` always where origins are
/// listed, as the response to another would differ.
void add_cors_fields(session::response_head& head, const config::cors& c, std::string_view origin);
/// Likewise.
void add_cors_fields(http::header_list& fields, const config::cors& c, std::string_view origin);

} // namespace sluice::media
