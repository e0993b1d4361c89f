#pragma once

#include <sluice/authorize/authorization.hpp>
#include <sluice/authorize/location.hpp>
#include <sluice/media/media_route.hpp>
#include <sluice/metrics/fallback_reason.hpp>
#include <sluice/origin/prove_url.hpp>
#include <sluice/relay/relay.hpp>
#include <sluice/session/exchange.hpp>

#include "held_redirect.hpp"

#include <optional>
#include <string>

namespace sluice::proxy {

/// Keeps back the app's response where it is a redirect that the route follows into a configured store. The arguments
/// must outlive it.
class redirect_filter : public relay::response_filter {
public:
    redirect_filter(const media::media_route& route, const session::exchange& x);

    bool on_head(const http::response_head& head, const relay::forward_progress& progress) override;
    relay::content_copy* held_content() override { return held ? &held->content : nullptr; }
    http::header_list on_failure(const error& e, const relay::forward_progress& progress) override;

    std::optional<held_redirect> held{}; ///< nullopt where the response was passed on, or there is none
    authorize::authorization allowed{};  ///< with `held`: the object that it names, if that is believed
    http::header_list set_cookie{};      ///< with `held`
    bool may_be_kept{false};             ///< with `held`: the same holds for later requests like this one
    /// With `held`, where another key than the store's signed the URL: the store is to be asked whether it honours it.
    std::optional<origin::foreign_url> to_prove{};
    /// With `held`: how long the URL still holds, by its signature.
    std::optional<std::chrono::system_clock::duration> lifetime{};
    steady_clock::time_point responded{}; ///< when the app's head had come
    unsigned passed_status{0};            ///< of the response that was passed on; 0: none was
    /// Why a redirect was passed on that looks as if it led to an object: for the log; "" for all else.
    std::string_view why_passed{};
    std::string passed_url{};                             ///< with `why_passed`, and with `to_prove`; a secret
    std::optional<metrics::fallback_reason> why_failed{}; ///< the app did not respond
    std::string failure_detail{};                         ///< with `why_failed`, for the log

private:
    /// The URL in a store that this redirect leads to; nullopt where it is none, or not believed.
    std::optional<authorize::object_url> followed_url(const http::response_head& head);
    [[nodiscard]] sign::method method() const noexcept; ///< that the URL must be signed for
    /// Notes why a redirect is passed on.
    void pass_on(std::string_view why, std::string_view url);
    /// Whose its signature is; `own` where the route takes the Location's word. Sets `lifetime`.
    sign::url_signer signer_of(const authorize::object_url& url);
    /// Sets what holds for `url` if it is served in place of this redirect.
    void allow(const http::response_head& head, authorize::object_url url);

    const media::media_route& route_;
    const session::exchange& x_;
};

} // namespace sluice::proxy
