#include <sluice/config/address.hpp>
#include <sluice/config/path_template.hpp>

#include "route_parts.hpp"

#include <algorithm>
#include <utility>

namespace sluice::config {

namespace {

using namespace std::chrono_literals;

/// A field that a kept decision may not overlook: without it one caller's leave would be another's.
bool tells_callers_apart(std::string_view name) {
    return name == "cookie" || name == "authorization" || name == "proxy-authorization";
}

void read_accept(reading& r, mapping& a, bool resolves, std::vector<unsigned>& out) {
    for (const auto& item : a.list("accept")) {
        if (item.broken) {
            continue;
        }
        const auto number = item.what == node::kind::scalar ? parse_number(item.text) : bad("");
        if (!number || *number < 200 || *number > 299) {
            a.wrong("accept", item, "must be a list of statuses from 200 to 299");
        } else if (resolves && (*number == 204 || *number == 205)) {
            a.wrong("accept", item, "must not hold a status without a body where an object is resolved from it");
        } else if (std::ranges::find(out, *number) != out.end()) {
            a.wrong("accept", item, "has this item twice");
        } else {
            out.push_back(static_cast<unsigned>(*number));
        }
    }
    const node* value = a.take("accept");
    if (value != nullptr && value->what == node::kind::sequence && value->items.empty()) {
        r.add(*value, "\"" + a.full("accept") + "\" is an empty list: leave it out");
    }
}

void read_subrequest(mapping& a, const std::vector<std::string>* captures, bool preset, authorize_subrequest& out) {
    if (preset ? !a.has("subrequest") : a.need("subrequest") == nullptr) {
        return;
    }
    const std::string built_in = out.path;
    const node* at = a.read_text("subrequest", out.path);
    if (at == nullptr) {
        return;
    }
    if (preset && out.path != built_in) {
        a.wrong("subrequest", *at, "is set by the preset");
    }
    if (captures != nullptr) {
        if (const auto checked = check_subrequest(out.path, *captures); !checked) {
            a.wrong("subrequest", *at, checked.error().detail);
        }
    }
}

void read_ignored(mapping& a, const config& c, authorize_subrequest& out) {
    const node* ignored = a.read_list("ignore_headers", out.ignore_headers, parse_field_name);
    for (const auto& name : out.ignore_headers) {
        const bool stripped = std::ranges::find(c.strip_request_headers, name) != c.strip_request_headers.end();
        if (stripped || tells_callers_apart(name)) {
            a.wrong("ignore_headers", *ignored, "must not hold a field that tells callers apart: " + name);
        }
    }
}

} // namespace

void read_authorize(reading& r, mapping& m, const config& c, const std::vector<std::string>* captures, route& out) {
    const bool preset = out.preset != preset::none;
    const node* value = m.take("authorize");
    if (value == nullptr && preset) {
        return;
    }
    if (value == nullptr || value->what == node::kind::null) {
        r.add(value != nullptr ? *value : m.where(),
              "\"" + m.full("authorize") + "\" is missing: " +
                  (out.resolve ? "the answer to its subrequest names the object"
                               : "a route that is open to all says `authorize: none`"));
        return;
    }
    if (value->what == node::kind::scalar) {
        if (value->broken) {
            return;
        }
        if (out.resolve) {
            m.wrong("authorize", *value, "must be {subrequest: TARGET}: its answer names the object");
        } else if (value->text != "none") {
            m.wrong("authorize", *value, "must be none or {subrequest: TARGET}");
        }
        return;
    }
    mapping a(r, *value, m.full("authorize"));
    authorize_subrequest s;
    if (const auto* built_in = std::get_if<authorize_subrequest>(&out.authorize)) {
        s = *built_in;
    }
    read_subrequest(a, captures, preset, s);
    // A preset's app may take a file from somebody at any moment: what it said is kept for 10 s at most.
    a.read_duration("ttl", s.ttl, 0ms, preset ? duration(10s) : duration(24h));
    a.read_duration("timeout", s.timeout, 1ms, 5min);
    read_ignored(a, c, s);
    if (preset && a.has("accept")) {
        r.add(*a.take("accept"), "\"" + a.full("accept") + "\" and preset exclude each other");
    } else {
        read_accept(r, a, out.resolve.has_value(), s.accept);
    }
    a.finish();
    out.authorize = std::move(s);
}

} // namespace sluice::config
