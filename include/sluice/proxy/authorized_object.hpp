#pragma once

#include <sluice/authorize/authorize.hpp>
#include <sluice/base/error.hpp>
#include <sluice/media/media_request.hpp>
#include <sluice/media/media_route.hpp>
#include <sluice/media/path_template.hpp>
#include <sluice/proxy/router.hpp>
#include <sluice/proxy/services.hpp>
#include <sluice/session/exchange.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Which object a request is for, by its route's templates or the app's response, up to the media request for it.
/// Nothing here waits.
namespace sluice::proxy {

/// What a route's templates make of a request.
struct request_plan {
    origin::store* store{nullptr}; ///< of the object
    std::string key{};             ///< its key; "" where only the app's answer tells
    std::string subrequest{};      ///< its target, raw; "" where the route sends none
};

/// An object of a store.
struct object_place {
    origin::store* store;
    std::string key;
};

/// The object that the route's `object` makes of the request: a key of its store or a URI in it, or without a store a
/// URI in any. Error: `bad_request` where it makes none, or one that lies elsewhere, which `detail` then has as it may
/// be logged.
[[nodiscard]] result<object_place> object_of_request(const media::media_route& route,
                                                     const std::vector<media::capture>& captures);

/// The target of the subrequest, raw; "" where the route sends none. `query`: the request's, raw, of which
/// `forward_query` has parts appended. Error: `bad_request` where a value does not fit.
[[nodiscard]] result<std::string>
subrequest_target(const media::media_route& route, const std::vector<media::capture>& captures, std::string_view query);

/// Both. `detail` of an error: the key that lies elsewhere; "" where the values fit no template, so that the route does
/// not match.
[[nodiscard]] result<request_plan> plan_request(const route_match& to);

/// Where the route has `authorize.same`, the subrequest is for the request's own target, which is `target`.
void ask_own_url(request_plan& plan, const media::media_route& route, std::string_view target);

/// How far the request was when it began, as the phases after authorization need it.
struct request_start {
    explicit request_start(const services& with);

    steady_clock::time_point began{steady_clock::now()};
    std::uint64_t purges_seen; ///< `object_cache::changes`
};

/// The object to deliver: in `store` under `key`, as `authorization` has it presented (nullptr with `authorize: none`).
struct authorized_object {
    origin::store& store;
    std::string key;
    std::shared_ptr<const authorize::authorization> authorization{};
    http::header_list set_cookie{}; ///< for this client alone
};

/// Puts the key that the app named into the route's `object`, where it has one beside `resolve`. What lies nowhere in
/// the same store then becomes `unresolved`.
void apply_object_template(const route_match& to, authorize::auth_result& auth);

/// What an allowed request is to get: the object that the app named, or the one of `plan`.
[[nodiscard]] authorized_object object_of(const media::media_route& route, request_plan plan,
                                          authorize::auth_result auth);

/// The object that the app's response to a request for `target` names in the route's `object_header`, put into its
/// `object` where it has one, with what is kept of that response's fields; nullopt where it lies in no configured
/// store.
[[nodiscard]] std::optional<authorized_object> object_of_header(const route_match& to, std::string_view target,
                                                                std::string_view named, http::header_list fields);

/// The request for `object` as the phases after authorization take it: its ranges, and how long it may take until its
/// first byte, which is `fallback.after` from now.
[[nodiscard]] media::media_request media_request_of(services& with, session::exchange& x,
                                                    const media::media_route& route, authorized_object object,
                                                    const request_start& start);

} // namespace sluice::proxy
