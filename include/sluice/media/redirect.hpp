#pragma once

#include <sluice/media/media_request.hpp>
#include <sluice/net/connection_pool.hpp>

#include <chrono>
#include <string>
#include <string_view>

/// `delivery: redirect`: the client fetches the object from the store itself.
namespace sluice::media {

/// The longest life of a URL that a redirect hands out.
inline constexpr std::chrono::seconds max_redirect_expiry = std::chrono::minutes(5);

/// What the URL of a redirect is to say: the store's `url_expiry`, `max_redirect_expiry` at most; the type and
/// disposition that the route or the app gave, and where neither gave a type the disposition `attachment`, which
/// changes nothing for a player.
[[nodiscard]] sign::presign_options redirect_options(const media_request& m);

/// Writes a whole head of a 307 (RFC 9110 §15.4.8), last CRLF included, and sets x.status. A response header of
/// redirects is added here. False where `location` can stand in no field.
[[nodiscard]] bool append_redirect_head(std::string& out, media_request& m, std::string_view location);

/// Answers with a redirect to a signed URL, which others may have been given too. Failures: those of `signer::presign`,
/// the store's credentials or their service being late among them, with nothing sent yet; and a client that is gone.
awaitable<result<void>> redirect(net::connection_pool& origin_pool, media_request& m);

} // namespace sluice::media
