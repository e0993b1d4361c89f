// Which requests a route takes, and which object each of them is for.
#include <sluice/config/json_pointer.hpp>
#include <sluice/config/path_template.hpp>

#include "route_parts.hpp"

#include <algorithm>
#include <utility>

namespace sluice::config {

namespace {

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

result<std::string> parse_pointer(std::string_view text) {
    const auto tokens = parse_json_pointer(text);
    return tokens ? result<std::string>(std::string(text)) : tokens.error();
}

void read_resolve(reading& r, mapping& m, route& out) {
    mapping p(r, *m.take("resolve"), m.full("resolve"));
    resolve_pointers pointers;
    if (p.need("object") != nullptr) {
        p.read("object", pointers.object, parse_pointer);
    }
    p.read("content_type", pointers.content_type, parse_pointer);
    p.read("filename", pointers.filename, parse_pointer);
    p.read("version", pointers.version, parse_pointer);
    p.finish();
    out.resolve = std::move(pointers);
}

/// A name or literal address as it stands in a Host field, without a port.
result<std::string> parse_host(std::string_view text) {
    const bool is_v6 = text.starts_with('[') && text.ends_with(']') && text.size() > 2;
    const auto inside = is_v6 ? text.substr(1, text.size() - 2) : text;
    const std::string_view marks = is_v6 ? ":." : "-_.";
    const bool good =
        !inside.empty() && text.size() <= 255 && !text.ends_with('.') && std::ranges::all_of(inside, [&marks](char c) {
            return is_alnum(c) || marks.find(c) != std::string_view::npos;
        });
    if (!good) {
        return bad("must be a list of host names without scheme, port and wildcards, as media.example");
    }
    return to_lower(text);
}

} // namespace

result<std::string> parse_query_name(std::string_view text) {
    const bool good = !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [](char c) {
        return c > ' ' && c < 0x7f && c != '&' && c != '=' && c != '#' && c != '+' && c != '%';
    });
    if (!good) {
        return bad("must be a list of parameter names as they stand in a URL, without escapes");
    }
    return std::string(text);
}

void read_hosts(reading& r, mapping& m, route& out) {
    m.read_list("hosts", out.hosts, parse_host);
    const node* value = m.take("hosts");
    if (value != nullptr && value->what == node::kind::sequence && value->items.empty()) {
        r.add(*value, "\"" + m.full("hosts") + "\" is an empty list: leave it out");
    }
}

void exclude(reading& r, mapping& m, std::string_view with, std::initializer_list<std::string_view> keys) {
    for (const auto key : keys) {
        if (const node* value = m.take(key)) {
            r.add(*value, "\"" + m.full(key) + "\" and " + std::string(with) + " are mutually exclusive");
        }
    }
}

const store* read_store_name(mapping& m, const config& c, bool needed, route& out) {
    const node* at = needed ? m.need("store") : m.take("store");
    if (at == nullptr) {
        return nullptr;
    }
    const node* value = m.read_text("store", out.store);
    if (value == nullptr) {
        return nullptr;
    }
    const auto found = c.stores.find(out.store);
    if (found == c.stores.end()) {
        m.wrong("store", *value, "names a store that \"stores\" does not have");
        return nullptr;
    }
    return &found->second;
}

void read_source(reading& r, mapping& m, const config& c, route& out) {
    std::vector<std::string> names;
    const std::vector<std::string>* captures =
        nullptr; // nullptr: not known, so that templates cannot be checked against them
    if (m.need("path") != nullptr) {
        if (const node* at = m.read_text("path", out.path)) {
            if (auto got = parse_path(out.path)) {
                names = got->captures();
                captures = &names;
            } else {
                m.wrong("path", *at, got.error());
            }
        }
    }
    read_query(r, m, out);
    const bool by_redirect = m.has("follow");
    const bool by_header = !by_redirect && m.has("object_header");
    const bool by_answer = !by_redirect && !by_header && m.has("resolve");
    if (by_redirect) {
        read_store_name(m, c, false, out);
        read_follow(r, m, out);
        // The app itself handles each request, and its redirect names the object.
        exclude(r, m, "follow", {"object", "resolve", "object_header", "authorize"});
        return;
    }
    if (by_header) {
        read_store_name(m, c, false, out);
        read_object_header(r, m, out);
        read_object(m, captures, template_scope::resolves::yes, out);
        exclude(r, m, "object_header", {"resolve"});
        // The app itself handles each request, so that there is no subrequest.
        exclude(r, m, "object_header", {"authorize"});
        return;
    }
    text_parts parts;
    if (by_answer) {
        read_store_name(m, c, false, out);
        read_resolve(r, m, out);
        read_object(m, captures, template_scope::resolves::yes, out);
    } else {
        parts = read_named_object(m, c, captures, out);
    }
    read_authorize(r, m, c, captures, out);
    check_any_store(m, captures, parts, out);
}

} // namespace sluice::config
