#include <sluice/authorize/object_uri.hpp>
#include <sluice/commands/probe.hpp>
#include <sluice/commands/sign_url.hpp>
#include <sluice/origin/store_kind.hpp>

#include "one_shot.hpp"

#include <exception>
#include <optional>
#include <vector>

namespace sluice::commands {

namespace {

std::string text_of(const error& e) {
    return e.detail.empty() ? std::string(to_string(e.code)) : without_secrets(e.detail);
}

awaitable<void> make_url(one_shot& here, sign::signing& with, const std::string& key, const sign_request& what,
                         result<std::string>& out) {
    auto renewed = co_await refresh_all(with.refreshables, here.caller());
    if (renewed) {
        renewed = co_await refresh_all(with.refreshables_for_urls, here.caller());
    }
    if (!renewed) {
        out = renewed.error();
        co_return;
    }
    auto made = co_await with.signer->presign(here.pool(), key, what.method, what.options);
    if (made) {
        out = made->url();
    } else {
        out = made.error();
    }
}

/// The store of an object, and the object's key in it.
struct place {
    const config::store* store{nullptr};
    std::string key;
};

std::optional<place> find_object(const config::config& settings, const std::string& uri) {
    std::vector<authorize::store_location> places;
    std::vector<const config::store*> stores;
    for (const auto& [name, store] : settings.stores) {
        places.push_back(authorize::location_of(store));
        stores.push_back(&store);
    }
    auto found = authorize::object_from_uri(uri, places, std::nullopt);
    return found ? std::optional<place>({stores[found->store], std::move(found->key)}) : std::nullopt;
}

int fail(std::ostream& err, const std::string& why) {
    err << "sluice: " << why << '\n';
    return 1;
}

} // namespace

int sign_url(const config::config& settings, const sign_request& what, std::ostream& out, std::ostream& err) {
    const auto object = find_object(settings, what.uri);
    if (!object) {
        return fail(err, "the URI names no object of exactly one configured store");
    }
    const std::string about = "store \"" + object->store->name + "\": ";
    if (config::is_local(*object->store)) {
        return fail(err, about + "an object of a store of type local has no URL");
    }
    result<std::string> url = error{};
    try {
        auto with = origin::make_signing(*object->store);
        auto proxies = net::proxy_settings::from_process();
        if (!proxies) {
            err << "sluice: " << proxies.error().detail << '\n';
            return 1;
        }
        one_shot here(std::move(*proxies));
        here.run(make_url(here, with, object->key, what, url));
    } catch (const std::exception& e) {
        return fail(err, about + without_secrets(e.what()));
    }
    if (!url) {
        return fail(err, about + text_of(url.error()));
    }
    out << *url << '\n' << std::flush;
    return out ? 0 : fail(err, "the URL cannot be written");
}

} // namespace sluice::commands
