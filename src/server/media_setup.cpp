#include <sluice/authorize/object_uri.hpp>
#include <sluice/authorize/path_pattern.hpp>
#include <sluice/base/log.hpp>
#include <sluice/media/media_route.hpp>
#include <sluice/media/path_template.hpp>
#include <sluice/origin/identity.hpp>
#include <sluice/presets/presets.hpp>
#include <sluice/server/media_setup.hpp>

#include <algorithm>
#include <stdexcept>

namespace sluice::server {

namespace {

/// The stores in which an object may be named: all that can be used; but its own alone for a preset, and for a route
/// that has a store and makes the name itself.
void add_places(media::media_route& to, const config::config& settings, const media_setup& media) {
    const bool by_app = to.settings.resolve || !to.settings.object_header.empty();
    for (const auto& [name, store] : settings.stores) {
        const bool own = name == to.settings.store;
        const auto usable = media.stores.find(name);
        const bool own_alone = to.settings.preset != config::preset::none || (!to.settings.store.empty() && !by_app);
        if (usable == media.stores.end() || (!own && own_alone)) {
            continue;
        }
        if (own && to.settings.preset == config::preset::none) { // a preset's app never says a bare key
            to.own_location = to.locations.size();
        }
        to.locations.push_back(authorize::location_of(store, usable->second->location()));
        to.location_stores.push_back(usable->second.get());
    }
}

media::media_route compile(const config::route& r, const config::config& settings, const media_setup& media,
                           metrics::metrics& counters) {
    const auto own = media.stores.find(r.store);
    media::media_route compiled{{r, &counters.route(r.name), presets::rules_of(r.preset)},
                                media::path_template(r.path),
                                own == media.stores.end() ? nullptr : own->second.get(),
                                r.max_age.value_or(settings.cache.max_age),
                                config::stale_while_revalidate_of(r, settings.cache)};
    add_places(compiled, settings, media);
    compiled.media_pattern = authorize::path_pattern(compiled.path.parts());
    const auto* how = std::get_if<config::authorize_subrequest>(&r.authorize);
    if (how != nullptr && how->same == config::same_question::none) {
        compiled.subrequest = config::parse_subrequest(how->path, compiled.path.parts().captures()).value();
    }
    compiled.subrequest_names_resource = std::ranges::any_of(compiled.subrequest.path, [](const auto& part) {
        return std::holds_alternative<config::template_value>(part);
    });
    if (compiled.subrequest_names_resource) {
        compiled.subrequest_pattern = authorize::path_pattern(compiled.subrequest.path, compiled.path.parts());
    } else if (r.follow) { // the app is asked for the very path of the request
        compiled.subrequest_pattern = compiled.media_pattern;
    }
    if (!r.object.empty()) {
        const bool by_app = r.resolve || !r.object_header.empty();
        const auto resolves = by_app ? config::template_scope::resolves::yes : config::template_scope::resolves::no;
        compiled.object = config::parse_object(r.object, {compiled.path.parts().captures(), resolves}).value();
        compiled.bare_keys = by_app ? authorize::bare_key::part : authorize::bare_key::whole;
    }
    for (const auto& each : settings.routes) {
        if (!r.hosts.empty()) {
            compiled.hosts_of_all.insert(compiled.hosts_of_all.end(), each.hosts.begin(), each.hosts.end());
        }
    }
    compiled.is_selective = media::is_selective(compiled);
    if (r.immutable) {
        compiled.max_age = std::chrono::milliseconds::max();
    }
    for (const auto& [name, value] : r.headers) {
        compiled.fields.add(name, value); // checked when the config was loaded
    }
    return compiled;
}

/// Starts without a store: its routes are relayed to the app, and the rest of the site works.
void give_up_store(media_setup& media, metrics::metrics& counters, const std::string& name, std::string why) {
    log::error("store is unusable: its requests are relayed to the app", {{"store", name}, {"error", why}});
    counters.store(name).up->Set(0);
    media.unusable_stores.emplace(name, std::move(why));
}

} // namespace

cache::cache_settings cache_settings_of(const config::cache& c) {
    return {c.directory, c.max_size, c.min_free, c.max_objects, c.block_size, c.max_share};
}

media_setup make_media_setup(const config::config& settings, metrics::metrics& counters, std::string_view no_network) {
    media_setup media;
    for (const auto& [name, faults] : settings.unusable_stores) {
        std::string why;
        for (const auto& each : faults) {
            why.append(why.empty() ? "" : "; ").append(each.file).append(": ").append(each.message);
        }
        give_up_store(media, counters, name, std::move(why));
    }
    for (const auto& [name, store] : settings.stores) {
        try {
            if (!no_network.empty() && !config::is_local(store)) {
                throw std::invalid_argument(std::string(no_network));
            }
            media.stores.emplace(name, std::make_unique<origin::store>(store, settings.fallback, counters.store(name)));
            counters.store(name).up->Set(1);
        } catch (const std::exception& e) {
            if (!store.of_preset) {
                throw std::invalid_argument("store \"" + name + "\": " + e.what());
            }
            give_up_store(media, counters, name, e.what());
        }
    }
    for (const auto& route : settings.routes) {
        media.routes.push_back(compile(route, settings, media, counters));
        for (const auto& other : route.other_paths) { // the same in all but its path
            auto same = route;
            same.path = other;
            media.routes.push_back(compile(same, settings, media, counters));
        }
    }
    for (const auto& each : settings.invalidate) {
        media::path_template path(each.path);
        auto target = config::parse_subrequest(each.target, path.parts().captures()).value();
        media.invalidation_rules.push_back({std::move(path), std::move(target)});
    }
    return media;
}

void tell_of_other_owners(const media_setup& media, const std::map<std::string, std::size_t>& cached) {
    const auto in_use = [&media](const std::string& identity) {
        return std::ranges::any_of(media.stores, [&](const auto& each) { return each.second->identity() == identity; });
    };
    for (const auto& named : media.stores) {
        const auto& store = *named.second;
        if (cached.contains(store.identity())) {
            continue;
        }
        std::string owners;
        for (const auto& found : cached) {
            const auto owner = origin::other_owner(store.identity(), found.first);
            if (owner && !owner->empty() && !in_use(found.first)) {
                owners.append(owners.empty() ? "" : ", ").append("owner: ").append(*owner);
            }
        }
        if (!owners.empty()) {
            log::warn(
                "the cache holds objects of this store's bucket under another owner, which are not used: if the "
                "account is the same, and only its key id or credentials changed, set this owner on the store to keep "
                "them",
                {{"store", named.first}, {"owners", owners}});
        }
    }
}

} // namespace sluice::server
