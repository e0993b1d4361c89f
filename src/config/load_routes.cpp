#include "route_parts.hpp"
#include "sections.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace sluice::config {

namespace {

using namespace std::chrono_literals;

void read_headers(reading& r, mapping& m, route& out) {
    const node* value = m.take("headers");
    if (value == nullptr) {
        return;
    }
    mapping fields(r, *value, m.full("headers"));
    std::map<std::string, int> seen;
    for (const auto& [key, field] : value->pairs) {
        fields.take(key.text);
        const auto name = parse_field_name(key.text);
        if (!name) {
            r.add(key, "\"" + m.full("headers") + "\" has a key that " + name.error().detail);
            continue;
        }
        if (is_connection_field(*name) || is_owned_response_field(*name)) {
            r.add(key, "\"" + fields.full(*name) + "\" cannot be set by a route: Sluice writes this field itself");
            continue;
        }
        if (const auto [first, fresh] = seen.emplace(*name, key.line); !fresh) {
            r.add(key, "\"" + fields.full(*name) + "\" is set twice, first at line " + std::to_string(first->second));
            continue;
        }
        std::string text;
        if (fields.read(key.text, text, parse_field_value) != nullptr) {
            out.headers.emplace_back(key.text, std::move(text));
        }
    }
    fields.finish();
}

void read_name(mapping& m, const std::vector<route>& routes, route& out) {
    const node* value = out.name.empty() ? m.need("name") : m.take("name");
    const node* at = value != nullptr ? m.read("name", out.name, parse_name) : nullptr;
    if (at == nullptr && (value != nullptr || out.name.empty())) {
        return;
    }
    if (out.name == "relay") {
        m.wrong("name", *at, "must not be relay: metrics count what no route matches under it");
    } else if (std::ranges::find(routes, out.name, &route::name) != routes.end()) {
        m.wrong("name", at != nullptr ? *at : m.where(), "is another route's too");
    }
}

void read_preset_options(reading& r, const node& where, std::string name, route& out) {
    mapping m(r, where, std::move(name));
    m.read_choice<enum preset_bucket>(
        "bucket", out.preset_bucket,
        {{"configured", preset_bucket::configured}, {"recorded", preset_bucket::recorded}});
    m.finish();
}

void read_preset(reading& r, mapping& m, config& c, route& out) {
    if (m.read_choice<enum preset>("preset", out.preset, {{"open-webui", preset::open_webui}}) == nullptr) {
        m.ignore_rest(); // the rest of the route depends on it
        return;
    }
    exclude(r, m, "preset", {"path", "query", "object", "resolve", "object_header", "follow"});
    fill_open_webui(out);
    if (const node* value = m.take("preset_options")) {
        read_preset_options(r, *value, m.full("preset_options"), out);
    }
    strip_open_webui_identity(r, c);
    read_authorize(r, m, c, nullptr, out);
    if (m.has("store")) {
        read_store_name(m, c, true, out);
    } else {
        add_open_webui_store(r, c, out);
    }
}

/// Whether all stores that objects of the route can be in are local. False where there are none.
bool only_local(const config& c, const route& out) {
    const auto named_local = [](const auto& named) { return is_local(named.second); };
    if (!out.store.empty() && (out.preset != preset::none || (!out.resolve && out.object_header.empty()))) {
        const auto found = c.stores.find(out.store);
        return found != c.stores.end() && is_local(found->second);
    }
    return !c.stores.empty() && std::ranges::all_of(c.stores, named_local);
}

void read_delivery(mapping& m, const config& c, route& out) {
    const node* at = m.read_choice<enum delivery>("delivery", out.delivery,
                                                  {{"stream", delivery::stream}, {"redirect", delivery::redirect}});
    if (at != nullptr && out.delivery == delivery::redirect && only_local(c, out)) {
        m.wrong("delivery", *at, "cannot be redirect: objects of a store of type local have no URL");
    } else if (at != nullptr && out.delivery == delivery::redirect && out.follow) {
        m.wrong("delivery", *at, "cannot be redirect with follow, which streams what the app redirects to");
    }
}

/// `allow_inline`, and what `follow` needs of the rest of the route.
void read_followed(mapping& m, const config& c, route& out) {
    const node* at = m.read_bool("allow_inline", out.allow_inline);
    if (at != nullptr && !out.follow) {
        m.wrong("allow_inline", *at, "means nothing without follow");
    }
    if (out.follow && only_local(c, out)) {
        m.wrong("follow", *m.take("follow"), "needs a store whose objects have URLs: those of type local have none");
    }
}

/// `none`, or `{max_size: …}`.
void read_compress(reading& r, mapping& m, route& out) {
    const node* value = m.take("compress");
    if (value == nullptr) {
        return;
    }
    if (value->what != node::kind::mapping) {
        if (!value->broken && (value->what != node::kind::scalar || value->text != "none")) {
            m.wrong("compress", *value, "must be none, or a mapping as in {max_size: 8MiB}");
        }
        out.compress.reset();
        return;
    }
    mapping k(r, *value, m.full("compress"));
    compression got;
    k.read_size("max_size", got.max_size, 1ULL << 10U, 1ULL << 30U);
    k.finish();
    out.compress = got;
    if (out.delivery == delivery::redirect) {
        m.wrong("compress", *value, "means nothing where delivery is redirect");
    }
}

void read_route(reading& r, const node& where, const std::string& name, config& c) {
    mapping m(r, where, name);
    if (where.what == node::kind::null) {
        r.add(where, "\"" + name + "\" has no value");
        return;
    }
    if (!m.is_mapping()) {
        return;
    }
    route out;
    if (m.has("preset")) {
        read_preset(r, m, c, out);
        if (out.preset == preset::none) {
            return;
        }
        read_name(m, c.routes, out);
    } else {
        read_name(m, c.routes, out);
        read_source(r, m, c, out);
    }
    read_hosts(r, m, out);
    read_delivery(m, c, out);
    read_followed(m, c, out);
    read_headers(r, m, out);
    read_app_fields(r, m, out);
    read_cors(r, m, out);
    read_compress(r, m, out);
    duration max_age{0};
    if (m.read_duration("max_age", max_age, 0ms, 24h * 3650) != nullptr) {
        out.max_age = max_age;
    }
    duration stale_while_revalidate{0};
    if (m.read_duration("stale_while_revalidate", stale_while_revalidate, 0ms, 24h * 3650) != nullptr) {
        out.stale_while_revalidate = stale_while_revalidate;
    }
    const node* immutable = m.read_bool("immutable", out.immutable);
    for (const auto* other : {"max_age", "stale_while_revalidate"}) {
        if (out.immutable && m.has(other)) {
            m.wrong("immutable", *immutable, std::string("and ") + other + " are mutually exclusive");
        }
    }
    m.read_bool("server_timing", out.server_timing);
    m.finish();
    c.routes.push_back(std::move(out));
}

} // namespace

void read_routes(reading& r, const std::vector<node>& items, config& c) {
    for (std::size_t i = 0; i < items.size(); ++i) {
        read_route(r, items[i], "routes[" + std::to_string(i) + "]", c);
    }
    for (const auto& each : c.routes) {
        if (!each.object_header.empty() &&
            std::ranges::find(c.object_headers, each.object_header) == c.object_headers.end()) {
            c.object_headers.push_back(each.object_header);
        }
    }
}

} // namespace sluice::config
