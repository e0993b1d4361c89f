#include <sluice/config/path_template.hpp>
#include <sluice/config/text_template.hpp>

#include "sections.hpp"

#include <algorithm>
#include <variant>

namespace sluice::config {

namespace {

bool uses_query(const text_parts& parts) {
    return std::ranges::any_of(parts, [](const auto& part) {
        const auto* value = std::get_if<template_value>(&part);
        return value != nullptr && value->from == template_value::origin::query;
    });
}

/// A scalar: the target of `out` that a write to its path changes too.
void read_target(mapping& pairs, const node& key, const node& value, std::vector<invalidation>& out) {
    if (value.broken) {
        return;
    }
    if (value.what != node::kind::scalar) {
        pairs.wrong(key.text, value, "must be a path as in \"/media/{id}\", or a list of such");
        return;
    }
    const auto path = parse_path(key.text);
    if (!path) {
        return; // told at the key
    }
    const auto target = parse_subrequest(value.text, path->captures());
    if (!target) {
        pairs.wrong(key.text, value, target.error());
        return;
    }
    if (uses_query(target->path) || uses_query(target->query)) {
        pairs.wrong(key.text, value, "uses a parameter of the query: a write is known by its path alone");
        return;
    }
    out.push_back({key.text, value.text});
}

} // namespace

void read_invalidate(reading& r, const node& where, config& c) {
    mapping pairs(r, where, "invalidate");
    for (const auto& [key, value] : where.pairs) {
        pairs.take(key.text);
        if (const auto path = parse_path(key.text); !path) {
            r.add(key, "\"invalidate\" has a path that " + path.error().what);
        }
        if (value.what != node::kind::sequence) {
            read_target(pairs, key, value, c.invalidate);
            continue;
        }
        if (value.items.empty()) {
            pairs.wrong(key.text, value, "is an empty list");
        }
        for (const auto& item : value.items) {
            read_target(pairs, key, item, c.invalidate);
        }
    }
    pairs.finish();
}

} // namespace sluice::config
