#pragma once

#include <sluice/authorize/protected_route.hpp>

#include <string>
#include <string_view>

/// By which names of the app's a cached object is invalidated and purged, beside its own key: the paths by which it
/// came. Pure.
namespace sluice::authorize {

/// The tag of objects that came by a subrequest to `path` (of `resource_path`): that path, or its `request_tag` where
/// it would leave no room for others.
[[nodiscard]] std::string subrequest_tag(std::string_view path);

/// The tag of objects that a response to a client's request for `path` (of `resource_path`) named: 13 characters that
/// stand for it, as one object may have many such paths, of any length. Two paths that shared one would cost a
/// revalidation too many, or a second transfer.
[[nodiscard]] std::string request_tag(std::string_view path);

/// The tags of the object that a request for `request_target` gets by a subrequest to `subrequest_target` ("": none was
/// sent), both raw; a line each, the subrequest's first. Where the route's own template says which object it is, the
/// request's path is no tag, as the key tells it already; nor is it on a preset's route.
[[nodiscard]] std::string purge_tags_of(const protected_route& route, std::string_view subrequest_target,
                                        std::string_view request_target);

} // namespace sluice::authorize
