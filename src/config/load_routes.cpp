#include <sluice/config/path_template.hpp>

#include "mapping.hpp"

#include <algorithm>
#include <map>

namespace sluice::config {

namespace {

using namespace std::chrono_literals;

/// A field that a kept decision may not overlook: without it one caller's leave would be another's.
bool tells_callers_apart(std::string_view name) {
    return name == "cookie" || name == "authorization" || name == "proxy-authorization";
}

result<std::string> parse_query_name(std::string_view text) {
    const bool good = !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [](char c) {
        return c > ' ' && c < 0x7f && c != '&' && c != '=' && c != '#' && c != '+' && c != '%';
    });
    if (!good) {
        return bad("must be a list of parameter names as they stand in a URL, without escapes");
    }
    return std::string(text);
}

void read_query(reading& r, mapping& m, route& out) {
    const node* value = m.take("query");
    if (value == nullptr) {
        return;
    }
    if (value->what != node::kind::sequence) {
        m.read_choice<query_policy>("query", out.query, {{"none", query_policy::none}, {"any", query_policy::any}});
        return;
    }
    out.query = query_policy::named;
    m.read_list("query", out.query_names, parse_query_name);
    if (value->items.empty()) {
        r.add(*value, "\"" + m.full("query") + "\" is an empty list: write none");
    }
}

void read_authorize(reading& r, mapping& m, const config& c, const std::vector<std::string>* captures, bool partial,
                    route& out) {
    const node* value = m.take("authorize");
    if (value == nullptr || value->what == node::kind::null) {
        if (!partial || value != nullptr) {
            r.add(value != nullptr ? *value : m.where(),
                  "\"" + m.full("authorize") + "\" is missing: a route that is open to all says `authorize: none`");
        }
        return;
    }
    if (value->what == node::kind::scalar) {
        if (!value->broken && value->text != "none") {
            m.wrong("authorize", *value, "must be none or {subrequest: TARGET}");
        }
        return;
    }
    mapping a(r, *value, m.full("authorize"));
    authorize_subrequest s;
    a.refuse({"accept"});
    if (a.need("subrequest") != nullptr) {
        const node* at = a.read_text("subrequest", s.path);
        if (at != nullptr && captures != nullptr) {
            if (const auto checked = check_subrequest(s.path, *captures); !checked) {
                a.wrong("subrequest", *at, checked.error().detail);
            }
        }
    }
    a.read_duration("ttl", s.ttl, 0ms, 24h);
    a.read_duration("timeout", s.timeout, 1ms, 5min);
    const node* ignored = a.read_list("ignore_headers", s.ignore_headers, parse_field_name);
    for (const auto& name : s.ignore_headers) {
        const bool stripped = std::ranges::find(c.strip_request_headers, name) != c.strip_request_headers.end();
        if (stripped || tells_callers_apart(name)) {
            a.wrong("ignore_headers", *ignored, "must not hold a field that tells callers apart: " + name);
        }
    }
    a.finish();
    out.authorize = std::move(s);
}

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
            r.add(key, "\"" + fields.full(*name) + "\" is not for a route to set");
            continue;
        }
        if (const auto [first, fresh] = seen.emplace(*name, key.line); !fresh) {
            r.add(key, "\"" + fields.full(*name) + "\" is here twice, first at line " + std::to_string(first->second));
            continue;
        }
        std::string text;
        if (fields.read(key.text, text, parse_field_value) != nullptr) {
            out.headers.emplace_back(key.text, std::move(text));
        }
    }
    fields.finish();
}

/// The store that the route names, where it is there and known.
const store* read_store_name(mapping& m, const config& c, bool partial, route& out) {
    const node* at = partial ? m.take("store") : m.need("store");
    if (at == nullptr) {
        return nullptr;
    }
    const node* value = m.read_text("store", out.store);
    if (value == nullptr) {
        return nullptr;
    }
    const auto found = c.stores.find(out.store);
    if (found == c.stores.end()) {
        m.wrong("store", *value, "names a store that there is not");
        return nullptr;
    }
    return &found->second;
}

void read_object(mapping& m, const store* from, const std::vector<std::string>* captures, bool partial, route& out) {
    if ((partial ? m.take("object") : m.need("object")) == nullptr) {
        return;
    }
    const node* value = m.read_text("object", out.object);
    if (value == nullptr || captures == nullptr) {
        return;
    }
    if (const auto checked = check_object(out.object, *captures); !checked) {
        m.wrong("object", *value, checked.error().detail);
        return;
    }
    if (from == nullptr) {
        return;
    }
    if (from->type == store_type::local && out.object.starts_with('/')) {
        m.wrong("object", *value, "must not begin with / in a store of type local");
    }
    const auto head = literal_head(out.object);
    const auto common = std::min(head.size(), from->prefix.size());
    const bool whole = head.size() == out.object.size();
    if (head.substr(0, common) != from->prefix.substr(0, common) ||
        (whole && head.size() <= from->prefix.size() && !from->prefix.empty())) {
        m.wrong("object", *value, "never lies beneath the prefix of its store");
    }
}

void read_route(reading& r, const node& where, const std::string& place, const config& c, std::vector<route>& routes) {
    mapping m(r, where, place);
    if (where.what == node::kind::null) {
        r.add(where, "\"" + place + "\" has no value");
        return;
    }
    if (!m.is_mapping()) {
        return;
    }
    route out;
    // What a route of a kind that comes later lacks is not its fault.
    const bool partial = m.refuse({"preset", "resolve", "object_header"});
    m.refuse({"cors"});
    if (m.need("name") != nullptr) {
        if (const node* at = m.read("name", out.name, parse_name)) {
            if (out.name == "relay") {
                m.wrong("name", *at, "must not be relay: metrics count what no route matches under it");
            } else if (std::ranges::find(routes, out.name, &route::name) != routes.end()) {
                m.wrong("name", *at, "is another route's too");
            }
        }
    }
    std::vector<std::string> names;
    const std::vector<std::string>* captures = nullptr; // none known: templates cannot be checked against them
    if ((partial ? m.take("path") : m.need("path")) != nullptr) {
        if (const node* at = m.read_text("path", out.path)) {
            if (auto got = path_captures(out.path)) {
                names = std::move(*got);
                captures = &names;
            } else {
                m.wrong("path", *at, got.error().detail);
            }
        }
    }
    read_query(r, m, out);
    const store* from = read_store_name(m, c, partial, out);
    read_object(m, from, captures, partial, out);
    read_authorize(r, m, c, captures, partial, out);
    enum class way { stream, redirect } how{};
    const node* delivery = m.read_choice<way>("delivery", how, {{"stream", way::stream}, {"redirect", way::redirect}});
    if (delivery != nullptr && how == way::redirect) {
        r.add(*delivery, "\"delivery: redirect\" is not supported yet");
    }
    read_headers(r, m, out);
    duration max_age{0};
    if (m.read_duration("max_age", max_age, 0ms, 24h * 3650) != nullptr) {
        out.max_age = max_age;
    }
    const node* immutable = m.read_bool("immutable", out.immutable);
    if (out.immutable && m.has("max_age")) {
        m.wrong("immutable", *immutable, "and max_age exclude each other");
    }
    m.read_bool("server_timing", out.server_timing);
    m.finish();
    routes.push_back(std::move(out));
}

} // namespace

void read_routes(reading& r, const std::vector<node>& items, config& c) {
    for (std::size_t i = 0; i < items.size(); ++i) {
        read_route(r, items[i], "routes[" + std::to_string(i) + "]", c, c.routes);
    }
}

} // namespace sluice::config
