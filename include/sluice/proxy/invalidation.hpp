#pragma once

#include <sluice/authorize/path_pattern.hpp>
#include <sluice/authorize/preset.hpp>
#include <sluice/media/media_route.hpp>
#include <sluice/media/path_template.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What an unsafe request to the app invalidates of what is cached (RFC 9111 §4.4). Pure; unsafe_request.hpp does it.
namespace sluice::proxy {

/// What the app did with the resource that the request names, as far as its response tells.
enum class effect : std::uint8_t {
    none,    ///< nothing
    changed, ///< perhaps something: it is to be revalidated and authorized anew
    deleted  ///< it is gone
};

/// False for GET, HEAD, OPTIONS and TRACE (RFC 9110 §9.2.1), true for all else, unknown methods included.
[[nodiscard]] bool is_unsafe(std::string_view method) noexcept;

/// By the final response's status: a 2xx to DELETE deletes; a 2xx to any other method, and every 3xx, changes; all else
/// did nothing. 101 changes: what follows is not for us to read.
[[nodiscard]] effect effect_of(std::string_view method, unsigned status) noexcept;

/// What follows from how a request ended.
struct request_effect {
    effect named{effect::none};
    /// The resources that only a preset knows of (`app_change`) may have changed too.
    bool reaches_others{false};

    friend bool operator==(const request_effect&, const request_effect&) = default;
};

/// `all_resources`: the request names all resources at once. `retried`: it was sent twice, since the first connection
/// died; the first may have done what the second then found done, whatever its status.
[[nodiscard]] request_effect effect_of_response(std::string_view method, unsigned status, bool all_resources,
                                                bool retried) noexcept;

/// Without a response. `request_sent`: all of the request went out.
[[nodiscard]] request_effect effect_without_response(bool request_sent) noexcept;

/// `path` (of `resource_path`) and its ancestors, those that may be the path of a media request or of a subrequest of
/// any route. Views into `path`.
[[nodiscard]] std::vector<std::string_view> relevant_names(std::string_view path,
                                                           const std::vector<media::media_route>& routes);

/// What an unsafe request names, of what any route has to do with.
struct named_resources {
    named_resources(std::string_view method, std::string_view target, const std::vector<media::media_route>& routes);
    named_resources(const named_resources&) = delete;
    named_resources& operator=(const named_resources&) = delete;

    std::string path;                         ///< of `resource_path`
    std::vector<std::string_view> names{};    ///< the `relevant_names` of `path`. Views into it
    const authorize::preset* preset{nullptr}; ///< nullptr: no route has one
    authorize::app_change change{};           ///< by the preset's rules

    /// Whether it is known already that there is something to do when the app has responded.
    [[nodiscard]] bool is_relevant() const noexcept {
        return !names.empty() || change.decisions != authorize::decision_scope::none;
    }
};

/// A cached object that is to be invalidated (`changed`) or purged (`deleted`).
struct object_effect {
    std::string name; ///< its key, or its purge tag
    effect done{effect::none};
    const origin::store* store{nullptr}; ///< with a key: where

    friend bool operator==(const object_effect&, const object_effect&) = default;
};

/// A raw path, and what was done with the object that a route may have by it.
struct path_effect {
    std::string_view raw;
    effect done{effect::none};
    std::string_view query{}; ///< raw; ancestors have none
};

/// The paths of a request's raw target: its own; that without `/` at its end; and its ancestors (`with_ancestors`),
/// which are only changed: what lies beneath an object is part of it. Empty for a path that no media request has
/// (http::is_media_safe_path). Views into `target`. The same for all routes: read once for each request.
[[nodiscard]] std::vector<path_effect> changed_paths(std::string_view target, effect done);

/// An item of `invalidate`, compiled.
struct invalidation_rule {
    media::path_template path;
    config::target_parts target; ///< over its captures
};

/// What was done with a target that the request does not name itself.
struct target_effect {
    std::string target; ///< raw, in origin form
    effect done{effect::none};

    friend bool operator==(const target_effect&, const target_effect&) = default;
};

/// The targets that `rules` say change with `paths` (of `changed_paths`), each with what was done to its path.
[[nodiscard]] std::vector<target_effect> mapped_targets(std::span<const invalidation_rule> rules,
                                                        std::span<const path_effect> paths);

/// The objects that the route's `object` makes of `paths`.
[[nodiscard]] std::vector<object_effect> changed_keys(const media::media_route& route,
                                                      std::span<const path_effect> paths);

/// The purge tags of the objects that came by one of `names` (of `relevant_names`), as the path of a subrequest or of
/// the client's request: `done` for `path` itself, and changed for its ancestors.
[[nodiscard]] std::vector<object_effect> changed_tags(std::string_view path, std::span<const std::string_view> names,
                                                      effect done);

} // namespace sluice::proxy
