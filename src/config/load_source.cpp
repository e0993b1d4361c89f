// Which requests a route takes, and which object each of them is for.
#include <sluice/config/json_pointer.hpp>
#include <sluice/config/path_template.hpp>

#include "route_parts.hpp"

#include <algorithm>
#include <utility>

namespace sluice::config {

namespace {

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

void read_object(mapping& m, const store* from, const std::vector<std::string>* captures, route& out) {
    if (m.need("object") == nullptr) {
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
    if (is_local(*from) && out.object.starts_with('/')) {
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
    p.finish();
    out.resolve = std::move(pointers);
}

} // namespace

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
            if (auto got = path_captures(out.path)) {
                names = std::move(*got);
                captures = &names;
            } else {
                m.wrong("path", *at, got.error().detail);
            }
        }
    }
    read_query(r, m, out);
    const bool by_header = m.has("object_header");
    const bool by_answer = !by_header && m.has("resolve");
    const store* from = read_store_name(m, c, !by_header && !by_answer, out);
    if (by_header) {
        read_object_header(r, m, out);
        exclude(r, m, "object_header", {"object", "resolve"});
        // The app itself handles each request, so that there is no subrequest.
        exclude(r, m, "object_header", {"authorize"});
        return;
    }
    if (by_answer) {
        read_resolve(r, m, out);
        exclude(r, m, "resolve", {"object"});
    } else {
        read_object(m, from, captures, out);
    }
    read_authorize(r, m, c, captures, out);
}

} // namespace sluice::config
