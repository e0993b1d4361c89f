#pragma once

#include <sluice/authorize/authorize.hpp>
#include <sluice/base/error.hpp>
#include <sluice/media/media_request.hpp>
#include <sluice/media/media_route.hpp>
#include <sluice/media/path_template.hpp>
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

/// The key that the route's template makes of the request's path. Error: `bad_request` where it makes none, or one
/// outside the store's prefix, which `detail` then has.
[[nodiscard]] result<std::string> key_of_path(const media::media_route& route,
                                              const std::vector<media::capture>& captures);

/// The target of the subrequest, raw; "" where the route sends none.
[[nodiscard]] std::string subrequest_target(const media::media_route& route,
                                            const std::vector<media::capture>& captures);

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

/// What an allowed request is to get: the object that the app named, or the one of `key_from_path`.
[[nodiscard]] authorized_object object_of(const media::media_route& route, std::string key_from_path,
                                          authorize::auth_result auth);

/// The object that the app's response names in the route's `object_header`, with what is kept of that response's
/// fields; nullopt where it lies in no configured store.
[[nodiscard]] std::optional<authorized_object> object_of_header(const media::media_route& route, std::string_view named,
                                                                http::header_list fields);

/// The request for `object` as the phases after authorization take it: its ranges, and how long it may take until its
/// first byte, which is `fallback.after` from now.
[[nodiscard]] media::media_request media_request_of(services& with, session::exchange& x,
                                                    const media::media_route& route, authorized_object object,
                                                    const request_start& start);

} // namespace sluice::proxy
