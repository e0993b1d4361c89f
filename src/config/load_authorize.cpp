#include <sluice/config/address.hpp>
#include <sluice/config/text_template.hpp>

#include "route_parts.hpp"

#include <algorithm>
#include <utility>

namespace sluice::config {

namespace {

using namespace std::chrono_literals;

/// A field that the key of a cached decision must have: without it one caller's permission would be another's.
bool tells_callers_apart(std::string_view name) {
    return name == "cookie" || name == "authorization" || name == "proxy-authorization";
}

/// Reads one status, an item of `key`.
void read_status(mapping& m, std::string_view key, const node& item, bool resolves, std::vector<unsigned>& out) {
    if (item.broken) {
        return;
    }
    const auto number = item.what == node::kind::scalar ? parse_number(item.text) : bad("");
    if (!number || *number < 200 || *number > 299) {
        m.wrong(key, item, "must be a status from 200 to 299, or a list of such");
    } else if (resolves && (*number == 204 || *number == 205)) {
        m.wrong(key, item, "must not hold a status without a body where an object is resolved from it");
    } else if (std::ranges::find(out, *number) != out.end()) {
        m.wrong(key, item, "has this item twice");
    } else {
        out.push_back(static_cast<unsigned>(*number));
    }
}

void read_statuses(reading& r, mapping& m, std::string_view key, bool resolves, std::vector<unsigned>& out) {
    for (const auto& item : m.list(key)) {
        read_status(m, key, item, resolves, out);
    }
    const node* value = m.take(key);
    if (value != nullptr && value->what == node::kind::sequence && value->items.empty()) {
        r.add(*value, "\"" + m.full(key) + "\" is an empty list: leave it out");
    }
}

void read_required_headers(reading& r, mapping& m, required_answer& out) {
    const node* value = m.take("header");
    if (value == nullptr) {
        return;
    }
    mapping fields(r, *value, m.full("header"));
    for (const auto& [key, wanted] : value->pairs) {
        const auto name = parse_field_name(key.text);
        if (!name) {
            r.add(key, "\"" + m.full("header") + "\" has a key that " + name.error().detail);
            (void)fields.take(key.text);
            continue;
        }
        std::string text;
        if (fields.read(key.text, text, parse_field_value) == nullptr) {
            continue;
        }
        if (std::ranges::any_of(out.headers, [&name](const auto& h) { return h.first == *name; })) {
            r.add(key, "\"" + fields.full(key.text) + "\" is set twice (names are case-insensitive)");
        } else {
            out.headers.emplace_back(*name, std::move(text));
        }
    }
    fields.finish();
    if (fields.is_mapping() && value->pairs.empty()) {
        r.add(*value, "\"" + m.full("header") + "\" is empty: leave it out");
    }
}

/// Whether any status of `require.status` could allow, given `accept`.
bool leaves_a_status(const authorize_subrequest& s, bool resolves) {
    const auto may_allow = [&](unsigned status) {
        if (!s.accept.empty()) {
            return std::ranges::find(s.accept, status) != s.accept.end();
        }
        const bool also = s.same == same_question::none ? status == 204 && !resolves
                                                        : status == 206 && s.same == same_question::first_byte;
        return status == 200 || also;
    };
    return s.require.status.empty() || std::ranges::any_of(s.require.status, may_allow);
}

/// `require`; to be read after `accept`.
void read_require(reading& r, mapping& a, bool resolves, authorize_subrequest& out) {
    const node* value = a.take("require");
    if (value == nullptr) {
        return;
    }
    mapping m(r, *value, a.full("require"));
    auto& wanted = out.require;
    const node* status = m.has("status") ? m.take("status") : nullptr;
    if (status != nullptr && status->what == node::kind::scalar) {
        read_status(m, "status", *status, resolves, wanted.status);
    } else if (status != nullptr) {
        read_statuses(r, m, "status", resolves, wanted.status);
    }
    if (!leaves_a_status(out, resolves)) {
        m.wrong("status", *status,
                "has no status that can allow a request: each must be in \"accept\" too, which is 200 by default, and "
                "204 where nothing is resolved, or with same: first_byte 206");
    }
    const node* type = m.read("content_type", wanted.content_type, parse_media_type);
    const bool json = wanted.content_type == "application/json" || wanted.content_type.ends_with("+json");
    if (type != nullptr && resolves && !json) {
        m.wrong("content_type", *type, "must be JSON where an object is resolved from it");
    } else if (type != nullptr && out.accept.empty() && wanted.content_type.starts_with("text/html")) {
        m.wrong("content_type", *type,
                "never allows a request unless \"accept\" is set: an app may answer anything with a page");
    }
    read_required_headers(r, m, wanted);
    m.finish();
    if (m.is_mapping() && value->pairs.empty()) {
        r.add(*value, "\"" + a.full("require") + "\" is empty: leave it out");
    }
}

/// `same` and `take`.
void read_same(reading& r, mapping& a, const route& to, authorize_subrequest& out) {
    const node* same = a.read_choice<same_question>(
        "same", out.same, {{"head", same_question::head}, {"first_byte", same_question::first_byte}});
    if (a.has("take")) {
        out.take.clear();
        a.read_list("take", out.take, parse_app_header);
    }
    exclude(r, a, "same", {"subrequest"});
    if (same == nullptr) {
        return;
    }
    if (to.resolve) {
        a.wrong("same", *same,
                "and resolve are mutually exclusive: what names the object is not the object's own answer");
    } else if (to.query == query_policy::any) {
        a.wrong("same", *same, "needs `query: none`, or the names of the parameters that the app may be asked with");
    }
}

void read_subrequest(mapping& a, const std::vector<std::string>* captures, bool preset, authorize_subrequest& out,
                     std::vector<std::string>& query_captures) {
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
        const auto parts = parse_subrequest(out.path, *captures);
        if (!parts) {
            a.wrong("subrequest", *at, parts.error());
            return;
        }
        add_query_captures(parts->path, query_captures);
        add_query_captures(parts->query, query_captures);
    }
}

/// Whether the query of the template `subrequest` writes the parameter `name`.
bool has_parameter(std::string_view subrequest, std::string_view name) {
    const auto mark = subrequest.find('?');
    auto query = mark == std::string_view::npos ? std::string_view() : subrequest.substr(mark + 1);
    while (!query.empty()) {
        const auto pair = query.substr(0, query.find('&'));
        if (pair.substr(0, pair.find('=')) == name) {
            return true;
        }
        query.remove_prefix(std::min(pair.size() + 1, query.size()));
    }
    return false;
}

void read_forwarded(reading& r, mapping& a, bool preset, const std::vector<std::string>& query_captures,
                    authorize_subrequest& out) {
    a.read_list("forward_query", out.forward_query, parse_query_name);
    const node* value = a.take("forward_query");
    if (value == nullptr || value->what != node::kind::sequence) {
        return;
    }
    if (preset) {
        r.add(*value, "\"" + a.full("forward_query") + "\" and preset are mutually exclusive");
    } else if (value->items.empty()) {
        r.add(*value, "\"" + a.full("forward_query") + "\" is an empty list: leave it out");
    }
    for (const auto& item : value->items) {
        if (std::ranges::find(query_captures, item.text) != query_captures.end() ||
            has_parameter(out.path, item.text)) {
            a.wrong("forward_query", item,
                    "must not hold a parameter that the subrequest has already, which it would carry twice");
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
            m.wrong("authorize", *value, "must be none or {subrequest: TARGET}, or {same: head}");
        }
        return;
    }
    mapping a(r, *value, m.full("authorize"));
    authorize_subrequest s;
    if (const auto* built_in = std::get_if<authorize_subrequest>(&out.authorize)) {
        s = *built_in;
    }
    std::vector<std::string> asked;
    if (a.has("same") && preset) {
        exclude(r, a, "preset", {"same", "take"});
    } else if (a.has("same")) {
        read_same(r, a, out, s);
        exclude(r, a, "same", {"forward_query"});
    } else {
        if (a.has("take")) {
            a.wrong("take", *a.take("take"), "means nothing without \"same\"");
        }
        read_subrequest(a, captures, preset, s, asked);
        read_forwarded(r, a, preset, asked, s);
    }
    for (auto& name : asked) {
        if (std::ranges::find(out.query_captures, name) == out.query_captures.end()) {
            out.query_captures.push_back(std::move(name));
        }
    }
    // A preset's app may revoke access at any moment: its decisions are cached for 10 s at most.
    a.read_duration("ttl", s.ttl, 0ms, preset ? duration(10s) : duration(24h));
    a.read_duration("timeout", s.timeout, 1ms, 5min);
    read_ignored(a, c, s);
    if (preset && a.has("accept")) {
        r.add(*a.take("accept"), "\"" + a.full("accept") + "\" and preset are mutually exclusive");
    } else {
        read_statuses(r, a, "accept", out.resolve.has_value(), s.accept);
    }
    read_require(r, a, out.resolve.has_value(), s);
    a.finish();
    out.authorize = std::move(s);
}

} // namespace sluice::config
