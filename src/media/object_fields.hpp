#pragma once

#include <sluice/http/head.hpp>
#include <sluice/media/media_request.hpp>
#include <sluice/session/response_head.hpp>

#include <string>
#include <string_view>

/// What a response says of the object: the route's word goes before the app's, and the app's before the store's.
namespace sluice::media::detail {

/// What the route, or else the app, says in the field `name`; "": neither says it.
[[nodiscard]] std::string_view override_value(const media_request& m, std::string_view name);

/// Whose fields have the last word on `name`: the route's where it sets that field, else the app's.
[[nodiscard]] const http::header_list& override_fields(const media_request& m, std::string_view name);

/// Calls `visit` with each value of the field `name` that the route says, or else the app.
template <std::invocable<std::string_view> Visit>
void for_each_override(const media_request& m, std::string_view name, Visit visit) {
    for (const auto& field : override_fields(m, name)) {
        if (http::same_name(field.name, name)) {
            visit(field.value);
        }
    }
}

/// The media type as the route says it, or the app; "": only the store knows.
[[nodiscard]] std::string_view override_type(const media_request& m);

/// The media type of what is sent: the route says it, or the app, or the store, or the key's extension. Of what is
/// isolated, `isolated_type`.
[[nodiscard]] std::string_view type_of(const media_request& m, const representation& r);

/// Whether the object must not act in the name of the app's origin, to which a redirect brought it: of no type that may
/// be shown in place, on a route with `follow` that does not allow it.
[[nodiscard]] bool is_isolated(const media_request& m, const representation& r);

/// The disposition where no field of the route or the app says it: the type decides, so that what a browser would run
/// as a page is never shown in place. "": none.
[[nodiscard]] std::string own_disposition(const media_request& m, std::string_view type);

/// The disposition of what is isolated: as the route or the app says it, but always `attachment`.
[[nodiscard]] std::string isolated_disposition(const media_request& m);

/// Whether `type` begins with `prefix`, whatever the case.
[[nodiscard]] bool starts_with_type(std::string_view type, std::string_view prefix);

/// Adds what is for this caller alone: the cookies of the subrequest's response, and the route's CORS fields.
void add_for_caller(session::response_head& head, const media_request& m);

} // namespace sluice::media::detail
