#pragma once

#include <sluice/authorize/app_headers.hpp>
#include <sluice/metrics/fallback_reason.hpp>

#include <optional>
#include <string>

namespace sluice::authorize {

/// What the app's leave comes with, for everybody whom it covers. Immutable once made: kept decisions share it.
struct authorization {
    /// Where the object lies that the app named, an index of the route's `places`; nullopt where the route's own
    /// template says it.
    std::optional<std::size_t> store{};
    std::string key{};
    std::string resolver_id{};  ///< the app's name for it: the path that was asked (resource_path.hpp); or ""
    std::string content_type{}; ///< over the store's; "": the store's
    std::string filename{};     ///< for Content-Disposition, UTF-8; "": none
    bool says_disposition{false};
    std::string content_disposition{}; ///< with says_disposition; "": none is sent
    http::header_list fields{};        ///< of the app's answer
    /// Set: leave, but to nothing that can be served from here, and why; `key` is then what was named, if anything was.
    std::optional<metrics::fallback_reason> not_taken{};
    /// The app answers requests for it from one copy, which each of them rewrites: they must not overlap.
    bool shares_copy{false};
};

} // namespace sluice::authorize
