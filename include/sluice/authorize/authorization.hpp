#pragma once

#include <sluice/authorize/app_headers.hpp>
#include <sluice/metrics/fallback_reason.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace sluice::authorize {

/// What the app's response allows: which object, and how it is presented. Immutable once made, as the decision cache
/// shares it among requests; nothing in it belongs to one client alone.
struct authorization {
    /// The store of the object that the app named, as an index of the route's `locations`; nullopt where the route's
    /// own template says which object it is.
    std::optional<std::size_t> store{};
    std::string key{};                 ///< of the object in that store, raw; "" with the route's own template
    std::string purge_tags{};          ///< of the object, beside its key, a line each (purge_tags.hpp)
    std::string content_type{};        ///< instead of the store's; "": the store's
    std::string filename{};            ///< for Content-Disposition, UTF-8; "": none
    bool has_disposition{false};       ///< `content_disposition` is the app's word on it
    std::string content_disposition{}; ///< with has_disposition; "": none is sent
    http::header_list fields{};        ///< of the app's response
    /// Of what the object is now, as the app says (`resolve_object.hpp`: `version_of`); 0: it does not say.
    std::uint64_t version{0};
    /// Set where the request is allowed but cannot be served from here: why not. `key` is then what the app named, if
    /// it named anything.
    std::optional<metrics::fallback_reason> unresolved_reason{};
    /// The app serves this object from one file of its own that each request rewrites: requests that are relayed for
    /// it must not overlap.
    bool must_serialize{false};
};

} // namespace sluice::authorize
