#pragma once

#include <sluice/authorize/authorization.hpp>
#include <sluice/authorize/json_pointers.hpp>
#include <sluice/authorize/object_uri.hpp>
#include <sluice/http/target.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::authorize {

struct protected_route;

/// Which value of a route's `resolve` stands at which index of the `json_pointer_reader` that reads the app's response.
enum resolved_value : std::size_t { at_object, at_content_type, at_filename, at_fallback, at_needed, at_version };

/// Whose cached decisions a request that succeeded may have outdated, beside those about the resource that it names.
enum class decision_scope : std::uint8_t {
    none,
    caller, ///< of those who send the same Cookie and Authorization
    all     ///< roles, groups, members: only the app knows which resources these reach
};

/// What an unsafe request to the app may have changed, beside the resource that it names.
struct app_change {
    bool all_resources{false}; ///< it names all resources at once
    decision_scope decisions{decision_scope::none};
    bool names_in_content{false}; ///< its content names resources that the app may delete
};

/// What is known of one app beyond what a route's configuration can say. One object for the whole process, without
/// state of its own: all calls are pure, and from any thread. How to add one: src/presets/README.md.
class preset {
public:
    preset() = default;
    preset(const preset&) = delete;
    preset& operator=(const preset&) = delete;
    virtual ~preset() = default;

    /// Routing: whether we can respond to a media request for `target` as the app would; otherwise it is relayed.
    /// `capture`: the first one of the route's path, raw.
    [[nodiscard]] virtual bool accepts(const http::target_parts& target, std::string_view capture) const = 0;
    /// Routing: for a GET that is no media request, but that the app serves from a file which each such request
    /// rewrites, the first capture of the route's path for that resource; nullopt for all other requests.
    [[nodiscard]] virtual std::optional<std::string> serialized_resource(std::string_view target) const = 0;

    /// Resolving: the object that the app calls `named`, which lies in one of the route's `locations`; nullopt where it
    /// lies in none.
    [[nodiscard]] virtual std::optional<object_ref> find_object(const protected_route& route,
                                                                std::string_view named) const = 0;
    /// Resolving: whether the app serves what it calls `named` (nullopt: its response could not be read) from a file
    /// which each request rewrites, so that relayed requests for it must not overlap.
    [[nodiscard]] virtual bool must_serialize(const protected_route& route,
                                              const std::optional<std::string>& named) const = 0;
    /// Resolving: sets the type and the disposition in `a` as the app would respond to `target` with the object of
    /// `key`. False where the app would not: then it is to respond.
    [[nodiscard]] virtual bool present(authorization& a, std::string_view key, std::string_view target,
                                       const json_pointer_reader& values) const = 0;

    /// Invalidation: the app's path for all its resources at once.
    [[nodiscard]] virtual std::string_view all_resources() const noexcept = 0;
    /// Invalidation: what the subrequest path of each resource begins with.
    [[nodiscard]] virtual std::string_view resource_prefix() const noexcept = 0;
    /// Invalidation: by method and path (of `resource_path`) of an unsafe request.
    [[nodiscard]] virtual app_change change_of(std::string_view method, std::string_view path) const = 0;
    /// Invalidation: how much content is read for names of resources, in bytes. Those in longer content are not known.
    [[nodiscard]] virtual std::size_t max_content() const noexcept = 0;
    /// Invalidation: the subrequest paths of the resources that this content names.
    [[nodiscard]] virtual std::vector<std::string> resources_in(std::string_view content) const = 0;
};

} // namespace sluice::authorize
