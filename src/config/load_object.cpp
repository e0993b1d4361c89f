// The template of a route's objects.
#include <sluice/config/text_template.hpp>

#include "route_parts.hpp"

#include <algorithm>
#include <utility>

namespace sluice::config {

namespace {

/// Refuses a key that never lies in the store.
void check_place(mapping& m, const node& value, const store& from, const text_parts& parts, std::string_view text) {
    const auto head = literal_head(parts);
    if (head.find("://") != std::string_view::npos) { // a URI, of which only the request shows where it lies
        return;
    }
    if (is_local(from) && head.starts_with('/')) {
        m.wrong("object", value, std::string("must not begin with / in a store of type local"));
    }
    const auto common = std::min(head.size(), from.prefix.size());
    const bool whole = head.size() == text.size();
    if (head.substr(0, common) != from.prefix.substr(0, common) ||
        (whole && head.size() <= from.prefix.size() && !from.prefix.empty())) {
        m.wrong("object", value, std::string("never lies beneath the prefix of its store"));
    }
}

/// Whether the key that the app names is in it.
bool uses_resolved(const text_parts& parts) {
    return std::ranges::any_of(parts, [](const auto& part) {
        const auto* value = std::get_if<template_value>(&part);
        return value != nullptr && value->from == template_value::origin::resolved;
    });
}

/// Whether the app is told all of `value` when it is asked.
bool is_carried(const template_value& value, const authorize_subrequest& how, const target_parts& target) {
    const auto carries = [&value](const auto& part) {
        const auto* carried = std::get_if<template_value>(&part);
        return carried != nullptr && carried->from == value.from && carried->name == value.name &&
               (carried->is_whole() || *carried == value);
    };
    return std::ranges::any_of(target.path, carries) || std::ranges::any_of(target.query, carries) ||
           (value.from == template_value::origin::query &&
            std::ranges::find(how.forward_query, value.name) != how.forward_query.end());
}

} // namespace

text_parts read_object(mapping& m, const std::vector<std::string>* captures, template_scope::resolves resolved,
                       route& out) {
    const node* value = m.read_text("object", out.object);
    if (value == nullptr || captures == nullptr) {
        return {};
    }
    auto parts = parse_object(out.object, {*captures, resolved});
    if (!parts) {
        m.wrong("object", *value, parts.error());
        return {};
    }
    if (resolved == template_scope::resolves::yes && !uses_resolved(*parts)) {
        m.wrong("object", *value,
                (out.object_header.empty() ? std::string("and resolve") : "and object_header") +
                    " are mutually exclusive unless it has {resolved}, the key that the app names");
    }
    add_query_captures(*parts, out.query_captures);
    return std::move(*parts);
}

text_parts read_named_object(mapping& m, const config& c, const std::vector<std::string>* captures, route& out) {
    if (m.need("object") == nullptr) {
        read_store_name(m, c, true, out);
        return {};
    }
    auto parts = read_object(m, captures, template_scope::resolves::no, out);
    const auto head = literal_head(parts);
    const bool can_be_uri =
        !parts.empty() && (head.empty() || head.starts_with('/') || head.find("://") != std::string_view::npos);
    const store* from = read_store_name(m, c, !parts.empty() && !can_be_uri, out);
    if (from != nullptr && !parts.empty()) {
        check_place(m, *m.take("object"), *from, parts, out.object);
    }
    return can_be_uri || m.has("store") ? parts : text_parts();
}

void check_any_store(mapping& m, const std::vector<std::string>* captures, const text_parts& parts, const route& out) {
    if (parts.empty() || captures == nullptr || m.has("store")) {
        return;
    }
    const node& at = *m.take("object");
    const auto* how = std::get_if<authorize_subrequest>(&out.authorize);
    if (how == nullptr) {
        m.wrong("object", at,
                std::string("is a URI of any store where the route has no \"store\", which needs `authorize` with a "
                            "subrequest: set \"store\", or have the app asked"));
        return;
    }
    if (how->same != same_question::none) {
        return; // the request's own URL carries them all
    }
    const auto target = parse_subrequest(how->path, *captures);
    if (!target) {
        return; // told before
    }
    for (const auto& part : parts) {
        const auto* value = std::get_if<template_value>(&part);
        if (value == nullptr || is_carried(*value, *how, *target)) {
            continue;
        }
        const auto name = (value->from == template_value::origin::query ? "{query." : "{") + value->name;
        m.wrong("object", at,
                template_fault{out.object.find(name), "uses " + name +
                                                          "}, of which the app is not told: without \"store\" the "
                                                          "subrequest must carry each capture of \"object\""});
    }
}

} // namespace sluice::config
