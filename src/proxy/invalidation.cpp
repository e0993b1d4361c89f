#include <sluice/authorize/purge_tags.hpp>
#include <sluice/authorize/resource_path.hpp>
#include <sluice/http/target.hpp>
#include <sluice/media/expand.hpp>
#include <sluice/media/route_query.hpp>
#include <sluice/proxy/authorized_object.hpp>
#include <sluice/proxy/invalidation.hpp>
#include <sluice/proxy/router.hpp>

#include <algorithm>
#include <array>

namespace sluice::proxy {

bool is_unsafe(std::string_view method) noexcept {
    constexpr std::array<std::string_view, 4> safe{"GET", "HEAD", "OPTIONS", "TRACE"};
    return std::ranges::find(safe, method) == safe.end();
}

effect effect_of(std::string_view method, unsigned status) noexcept {
    if (status >= 200 && status < 300) {
        return method == "DELETE" ? effect::deleted : effect::changed;
    }
    return status == 101 || (status >= 300 && status < 400) ? effect::changed : effect::none;
}

request_effect effect_of_response(std::string_view method, unsigned status, bool all_resources, bool retried) noexcept {
    auto named = effect_of(method, status);
    if (named == effect::changed && all_resources) {
        named = effect::none; // most likely a redirect to a log-in; all of them are only ever deleted
    }
    if (named == effect::none && retried) {
        named = effect::changed;
    }
    // Anybody can have a redirect, say to a log-in, without changing anything for others.
    return {named, named != effect::none && (status < 300 || retried)};
}

request_effect effect_without_response(bool request_sent) noexcept {
    return {request_sent ? effect::changed : effect::none, request_sent};
}

std::vector<std::string_view> relevant_names(std::string_view path, const std::vector<media::media_route>& routes) {
    auto names = authorize::with_ancestors(path);
    std::erase_if(names, [&](std::string_view name) {
        return std::ranges::none_of(routes, [name](const media::media_route& r) {
            return r.media_pattern.matches(name) || r.subrequest_pattern.matches(name);
        });
    });
    return names;
}

named_resources::named_resources(std::string_view method, std::string_view target,
                                 const std::vector<media::media_route>& routes)
    : path(authorize::resource_path(target))
    , names(relevant_names(path, routes)) {
    if (const auto* route = route_of_preset(routes); route != nullptr) {
        preset = route->preset;
        change = preset->change_of(method, path);
    }
}

std::vector<path_effect> changed_paths(std::string_view target, effect done) {
    std::vector<path_effect> paths;
    const auto parts = http::split_target(target);
    auto raw = parts.path;
    if (done == effect::none || !http::is_media_safe_path(raw)) {
        return paths;
    }
    if (raw.size() > 1 && raw.ends_with('/')) {
        paths.push_back({raw, done, parts.query}); // to some stores that is a key of its own
        raw.remove_suffix(1);
    }
    for (const auto name : authorize::with_ancestors(raw)) {
        const bool itself = name == raw;
        paths.push_back({name, itself ? done : effect::changed, itself ? parts.query : std::string_view()});
    }
    return paths;
}

std::vector<target_effect> mapped_targets(std::span<const invalidation_rule> rules,
                                          std::span<const path_effect> paths) {
    std::vector<target_effect> targets;
    for (const auto& each : paths) {
        for (const auto& rule : rules) {
            const auto captures = rule.path.match(each.raw);
            auto target = captures ? media::expand_target(rule.target, *captures) : result<std::string>(error{});
            if (target) {
                targets.push_back({std::move(target.value()), each.done});
            }
        }
    }
    return targets;
}

std::vector<object_effect> changed_keys(const media::media_route& route, std::span<const path_effect> paths) {
    std::vector<object_effect> keys;
    for (const auto& each : paths) {
        auto captures = route.path.match(each.raw);
        if (!captures || !media::take_query_captures(route.settings.query_captures, each.query, *captures)) {
            continue;
        }
        if (auto place = object_of_request(route, *captures)) {
            keys.push_back({std::move(place->key), each.done, place->store});
        }
    }
    return keys;
}

std::vector<object_effect> changed_tags(std::string_view path, std::span<const std::string_view> names, effect done) {
    std::vector<object_effect> tags;
    if (done == effect::none) {
        return tags;
    }
    for (const auto name : names) {
        const auto here = name == path ? done : effect::changed;
        tags.push_back({authorize::request_tag(name), here});
        tags.push_back({authorize::subrequest_tag(name), here});
    }
    return tags;
}

} // namespace sluice::proxy
