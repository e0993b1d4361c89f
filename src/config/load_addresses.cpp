// Where Sluice listens and where the app is, which must not be the same.
#include <sluice/config/address.hpp>
#include <sluice/config/mapping.hpp>

#include "sections.hpp"

#include <optional>
#include <utility>

namespace sluice::config {

namespace {

using namespace std::chrono_literals;

/// An address that will be bound, and the node that gave it.
struct bound {
    const node* where;
    std::string name; ///< in messages
    endpoint address;
};

std::string quoted(const std::string& key) {
    return '"' + key + '"';
}

void read_listeners(reading& r, mapping& top, std::vector<bound>& places, config& c) {
    if (!top.has("listeners")) {
        top.take("listeners");
        c.listeners.push_back({{"0.0.0.0", 8080}});
        places.push_back({&top.where(), "the default listener 0.0.0.0:8080", c.listeners.back().address});
        return;
    }
    const auto& items = top.list("listeners");
    for (std::size_t i = 0; i < items.size(); ++i) {
        mapping m(r, items[i], "listeners[" + std::to_string(i) + "]");
        listener l;
        m.refuse({"tls"});
        if (m.need("address") != nullptr) {
            if (const node* at = m.read("address", l.address, parse_endpoint)) {
                places.push_back({at, quoted(m.full("address")), l.address});
            }
        }
        m.finish();
        c.listeners.push_back(std::move(l));
    }
    if (items.empty()) {
        const node* value = top.take("listeners");
        if (value->what == node::kind::null || value->what == node::kind::sequence) {
            r.add(*value, "\"listeners\" needs at least one listener");
        }
    }
}

void read_admin(reading& r, const node& where, std::vector<bound>& places, admin& out) {
    mapping m(r, where, "admin");
    const node* at = m.read("address", out.address, parse_endpoint);
    // Where two collide, the message is at the later one: put an address that was written behind the defaults.
    places.insert(at != nullptr ? places.end() : places.begin(),
                  {at != nullptr ? at : &where, quoted("admin.address"), out.address});
    m.read_secret("token", out.token);
    m.finish();
}

void check_places(reading& r, const std::vector<bound>& places, const std::optional<bound>& app, const url& app_url) {
    for (std::size_t i = 0; i < places.size(); ++i) {
        for (std::size_t k = 0; k < i; ++k) {
            if (collide(places[k].address, places[i].address)) {
                r.add(*places[i].where,
                      places[i].name + " is taken by " + places[k].name + ": give one of them another port");
            }
        }
        if (app && leads_to(app_url, places[i].address, r.options.own_addresses)) {
            r.add(*app->where,
                  "\"app.url\" leads back to " + places[i].name + ": correct it, or listen on another port");
        }
    }
}

std::optional<bound> read_app(reading& r, const node& where, app& out) {
    mapping m(r, where, "app");
    std::optional<bound> address;
    if (m.need("url") != nullptr) {
        if (const node* at = m.read("url", out.address, parse_url)) {
            address = bound{at, "app.url", {}};
        }
    }
    m.read_duration("connect_timeout", out.connect_timeout, 1ms, 5min);
    m.read_duration("response_timeout", out.response_timeout, 0ms, 24h);
    m.read_count("keepalive", out.keepalive, 0, 65535);
    m.read_bool("half_close", out.half_close);
    m.read_bool("via", out.via);
    m.read_bool("waiting_page", out.waiting_page);
    m.finish();
    return address;
}

} // namespace

void read_addresses(reading& r, mapping& top, config& c) {
    const node absent{};
    std::vector<bound> places;
    read_listeners(r, top, places, c);
    const node* admin = top.take("admin");
    read_admin(r, admin != nullptr ? *admin : absent, places, c.admin);
    std::optional<bound> address;
    if (const node* value = top.need("app")) {
        address = read_app(r, *value, c.app);
    }
    check_places(r, places, address, c.app.address);
}

} // namespace sluice::config
