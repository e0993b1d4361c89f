#include <sluice/media/fallback.hpp>
#include <sluice/proxy/authorized_object.hpp>
#include <sluice/proxy/serialized_request.hpp>
#include <sluice/proxy/unserved_request.hpp>

namespace sluice::proxy {

awaitable<void> relay_serialized(services& with, session::exchange& x, const media::media_route& route,
                                 std::string_view id) {
    const std::vector<media::capture> captures{{"id", id}};
    const std::string target = subrequest_target(route, captures, {}).value(); // an id has no part that does not fit
    auto auth = co_await authorize::authorize_request(with.authorizer, x, route, target);
    const auto step = after_authorization(auth.decision, auth.client_gone, auth.denied_response != nullptr);
    if (step == auth_step::drop_client || step == auth_step::fall_back) {
        co_await end_unauthorized(with, x, route, std::move(auth), step);
        co_return;
    }
    media::fallback_options how{{}, serial_key_of(auth.authorization), false};
    co_await media::relay_to_app(with.fallback, with.app, x, route, std::move(how));
}

} // namespace sluice::proxy
