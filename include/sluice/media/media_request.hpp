#pragma once

#include <sluice/authorize/authorization.hpp>
#include <sluice/media/coded_body.hpp>
#include <sluice/media/media_route.hpp>
#include <sluice/media/representation.hpp>
#include <sluice/media/requested_ranges.hpp>
#include <sluice/origin/store.hpp>
#include <sluice/session/exchange.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace sluice::media {

/// One media request on its way, after the app allowed it.
struct media_request {
    session::exchange& x;
    const media_route& route;
    origin::store& store;
    std::string key;                  ///< of the object in `store`, raw
    steady_clock::time_point give_up; ///< for everything before the first byte
    std::uint64_t purges_seen{0};     ///< `object_cache::changes` before the app was asked whether it allows this
    bool head_only{false};            ///< the method is HEAD
    requested_ranges wanted{};        ///< what of the object the client asks for
    std::shared_ptr<const authorize::authorization> authorization{}; ///< nullptr where nobody was asked
    http::header_list set_cookie{}; ///< of the subrequest's response, for its caller alone

    std::unique_ptr<coded_body> coded{}; ///< what the body goes through; nullptr: it goes out as it is

    // for Cache-Status (RFC 9211)
    bool fetched{false};       ///< this request asked the origin
    bool collapsed{false};     ///< it followed another's fill
    bool stored{false};        ///< what was fetched for it is kept
    unsigned origin_status{0}; ///< of the origin's last response to this request; 0: it was not asked
    /// Remaining freshness lifetime of a stale response; negative.
    std::optional<std::chrono::seconds> ttl{};

    /// `authorization::version`; 0 where nobody was asked.
    [[nodiscard]] std::uint64_t app_version() const noexcept { return authorization ? authorization->version : 0; }

    /// Before another attempt: forgets how the last one, which sent nothing, was served.
    void begin_again() {
        x.outcome = metrics::outcome::relay;
        x.detail.clear();
        fetched = collapsed = stored = false;
        origin_status = 0;
        ttl.reset();
    }
};

} // namespace sluice::media
