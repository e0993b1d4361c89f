#pragma once

#include <sluice/proxy/media.hpp>
#include <sluice/proxy/open_webui_changes.hpp>

#include <string>
#include <string_view>
#include <vector>

/// Requests by which an app may change what is cached of it, or what it allowed a moment ago (RFC 9111 §4.4).
namespace sluice::proxy {

/// Open WebUI's own names: a file, and all of them at once.
inline constexpr std::string_view open_webui_files = "/api/v1/files/";
inline constexpr std::string_view open_webui_all_files = "/api/v1/files/all";

/// The caller by the fields that Open WebUI's own sign-in sets (RFC 6265 §5.4 has one Cookie field).
[[nodiscard]] std::string caller_of(const exchange& x, const decisions& kept);

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
    named_resources(std::string_view method, std::string_view target, const std::vector<media_route>& routes);
    named_resources(const named_resources&) = delete;
    named_resources& operator=(const named_resources&) = delete;

    std::string path; ///< of `resource_path`
    /// `path` and those of its ancestors that may be a medium's path, or what the app is asked for one: those that are
    /// none are not there. Views into `path`.
    std::vector<std::string_view> names{};
    bool all_files{false}; ///< it is Open WebUI's name for all files
    /// Whose decisions a success may have made wrong, where a route is Open WebUI's.
    open_webui::reach reach{open_webui::reach::none};
    bool by_content{false}; ///< its content names files of Open WebUI's

    /// Whether there is anything to do when the app has answered.
    [[nodiscard]] bool concerns_us() const noexcept { return !names.empty() || reach != open_webui::reach::none; }
};

/// Relays the request, which names `what`, and before its answer is passed on, or that there is none, does what follows
/// from it: drops the decisions about that and has the bytes of it revalidated once, or takes them out of the cache.
///
/// The answer is waited for although the client has gone, for `limits.send_timeout`. A request that did not reach the
/// app whole changes nothing; one whose answer never came may have changed something.
awaitable<void> relay_unsafe(exchange& x, const named_resources& what);

} // namespace sluice::proxy
