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

/// What stands at the pointers of a route's `resolve` in the app's answer, by the order in which they are read.
enum resolved_value : std::size_t { at_object, at_content_type, at_filename, at_fallback, at_needed };

/// Whose kept decisions a request that succeeded may have made wrong, beside those about the resource that it names.
enum class reach : std::uint8_t {
    none,     ///< nobody's
    caller,   ///< of those who sent the same Cookie and Authorization
    everybody ///< grants, roles, groups, members: which resources that reaches only the app knows
};

/// What an unsafe request to the app may have changed, beside the resource that it names.
struct app_change {
    bool all_resources{false}; ///< it names all resources at once
    reach decisions{reach::none};
    bool by_content{false}; ///< its content names resources that the app may delete
};

/// What is known of one app beyond what a route can say: the rules of a preset. One object for the whole process,
/// without state of its own; all calls are pure.
class preset {
public:
    preset() = default;
    preset(const preset&) = delete;
    preset& operator=(const preset&) = delete;
    virtual ~preset() = default;

    /// Whether a media request for `target` can be answered as the app would; else it is relayed. `capture`: the first
    /// one of the route's path, raw.
    [[nodiscard]] virtual bool takes(const http::target_parts& target, std::string_view capture) const = 0;
    /// The capture of the route's path for a GET that the app answers from one copy of the resource, which each such
    /// request writes anew; nullopt for all else. The request is not a media request.
    [[nodiscard]] virtual std::optional<std::string> copy_of(std::string_view target) const = 0;

    /// The object that the app calls `named`, which is in one of the route's `places`; nullopt where it is in none.
    [[nodiscard]] virtual std::optional<object_place> find_object(const protected_route& route,
                                                                  std::string_view named) const = 0;
    /// Whether the app answers requests for what it calls `named` (nullopt: nothing) from one copy: they must not
    /// overlap.
    [[nodiscard]] virtual bool shares_copy(const protected_route& route,
                                           const std::optional<std::string>& named) const = 0;
    /// Sets the type and the disposition of `g`, as the app would answer `target` with the object of `key`. False where
    /// it would not: the app is to answer.
    [[nodiscard]] virtual bool present(authorization& g, std::string_view key, std::string_view target,
                                       const json_pointer_reader& values) const = 0;

    /// The app's name for all its resources at once, and what the names of each begin with.
    [[nodiscard]] virtual std::string_view all_resources() const noexcept = 0;
    [[nodiscard]] virtual std::string_view resource_prefix() const noexcept = 0;
    /// By method and path (of `resource_path`) of an unsafe request.
    [[nodiscard]] virtual app_change change_of(std::string_view method, std::string_view path) const = 0;
    /// The most content that is looked at for names, in bytes. Those in a larger one are not known.
    [[nodiscard]] virtual std::size_t max_content() const noexcept = 0;
    /// The paths by which the app is asked for the resources that the content of a request `by_content` names.
    [[nodiscard]] virtual std::vector<std::string> named_in(std::string_view content) const = 0;
};

} // namespace sluice::authorize
