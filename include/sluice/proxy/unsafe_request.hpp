#pragma once

#include <sluice/authorize/preset.hpp>
#include <sluice/media/media_route.hpp>
#include <sluice/proxy/services.hpp>
#include <sluice/session/exchange.hpp>

#include <string>
#include <string_view>
#include <vector>

/// Requests by which an app may change what is cached of it, or what it allowed a moment ago (RFC 9111 §4.4).
namespace sluice::proxy {

/// What an app did by an unsafe request, as far as its answer tells.
enum class effect : std::uint8_t {
    none,    ///< nothing
    changed, ///< perhaps something: what is known of it must be asked for anew
    deleted  ///< what the request names is gone
};

/// False for GET, HEAD, OPTIONS and TRACE (RFC 9110 §9.2.1), true for all else, methods that nobody knows included.
[[nodiscard]] bool is_unsafe(std::string_view method) noexcept;

/// By the final answer's status: a 2xx deletes where the method is DELETE; that of any other method, and every 3xx,
/// changes; all else tells of nothing that was done. 101 changes: what follows is not for us to read.
[[nodiscard]] effect effect_of(std::string_view method, unsigned status) noexcept;

/// What an unsafe request names that a route has to do with.
struct named_resources {
    named_resources(std::string_view method, std::string_view target, const std::vector<media::media_route>& routes);
    named_resources(const named_resources&) = delete;
    named_resources& operator=(const named_resources&) = delete;

    std::string path; ///< of `resource_path`
    /// `path` and those of its ancestors that may be a medium's path, or what the app is asked for one: those that are
    /// none are not there. Views into `path`.
    std::vector<std::string_view> names{};
    const authorize::preset* app{nullptr}; ///< whose rules say what follows; nullptr: no route has a preset
    authorize::app_change change{};        ///< by those rules

    /// Whether there is anything to do when the app has answered.
    [[nodiscard]] bool concerns_us() const noexcept {
        return !names.empty() || change.decisions != authorize::reach::none;
    }
};

/// Relays the request, which names `what`, and before its answer is passed on, or that there is none, does what follows
/// from it: drops the decisions about that and has the bytes of it revalidated once, or takes them out of the cache.
///
/// The answer is waited for although the client has gone, for `limits.send_timeout`. A request that did not reach the
/// app whole changes nothing; one whose answer never came may have changed something.
awaitable<void> relay_unsafe(services& with, session::exchange& x, const named_resources& what);

} // namespace sluice::proxy
