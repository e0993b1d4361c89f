#pragma once

#include <sluice/authorize/path_pattern.hpp>
#include <sluice/authorize/preset.hpp>
#include <sluice/authorize/protected_route.hpp>
#include <sluice/http/header_list.hpp>
#include <sluice/media/path_template.hpp>
#include <sluice/origin/store.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace sluice::media {

/// One route, compiled. Immutable.
struct media_route : authorize::protected_route {
    path_template path;
    origin::store* store;              ///< nullptr where only the app says which, and where a preset's cannot be used
    std::chrono::milliseconds max_age; ///< milliseconds::max() for immutable
    std::chrono::milliseconds stale_while_revalidate{0}; ///< past `max_age` (RFC 5861 §3)
    http::header_list fields{};                          ///< the route's own response fields: `headers` in its settings
    std::vector<origin::store*> location_stores{};       ///< of `locations`, in the same order
    authorize::path_pattern media_pattern{};             ///< the paths of its media, by which changes of them are told
    config::text_parts object{};                         ///< its template; empty: only the app's answer tells
    config::target_parts subrequest{};                   ///< its template; empty: there is none
    std::vector<std::string> hosts_of_all{};             ///< the `hosts` of all routes; empty where it has none
    /// The templates give nothing for some of the paths that match: it must be tried whether they do.
    bool is_selective{false};
};

/// What `media_route::is_selective` is to be, once all else is set.
[[nodiscard]] bool is_selective(const media_route& route) noexcept;

} // namespace sluice::media
