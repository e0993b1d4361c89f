#include <sluice/config/address.hpp>
#include <sluice/config/path_template.hpp>
#include <sluice/config/store_settings.hpp>

#include "sections.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace sluice::config {

namespace {

/// A prefix of flat keys: its segments may be empty.
result<std::string> parse_flat_prefix(std::string_view text) {
    if (text.empty()) {
        return std::string();
    }
    if (!text.ends_with('/')) {
        return bad("must end in /");
    }
    if (text.size() > 1024 || has_control(text)) {
        return bad("must not hold control characters, or be longer than 1024 bytes");
    }
    for (std::size_t from = 0; from < text.size();) {
        const auto to = text.find('/', from);
        const auto segment = text.substr(from, to - from);
        if (segment == "." || segment == "..") {
            return bad("must not have dot segments");
        }
        from = to + 1;
    }
    return std::string(text);
}

result<std::string> parse_prefix(std::string_view text) {
    auto prefix = parse_flat_prefix(text);
    if (prefix && (text.starts_with('/') || text.find("//") != std::string_view::npos)) {
        return bad("must not begin with / or have empty segments in a store of this type");
    }
    return prefix;
}

result<std::string> parse_alias(std::string_view text) {
    auto place = parse_base_url(text);
    return place ? result<std::string>(place->text()) : result<std::string>(place.error());
}

void read_aliases(mapping& m, store& s) {
    std::vector<std::string> texts;
    m.read_list("aliases", texts, parse_alias);
    for (const auto& text : texts) {
        s.aliases.push_back(*parse_base_url(text));
    }
}

/// A path of literal segments. It is compared byte by byte, so that it has one spelling only.
result<std::string> parse_internal(std::string_view text) {
    const bool plain = text.size() > 1 && text.size() <= 256 && text.starts_with('/') && text.ends_with('/') &&
                       text.find_first_of("{}%") == std::string_view::npos;
    if (!plain || !parse_path(text)) {
        return bad("must be a path that begins and ends in /, as in /protected/, without escapes or empty segments");
    }
    return std::string(text);
}

/// Where two stores could be meant by one path, nobody could say which of them is.
void refuse_shared_internals(reading& r, const node& where, const config& c) {
    for (const auto& [key, value] : where.pairs) {
        const auto own = c.stores.find(key.text);
        const auto at = std::ranges::find_if(value.pairs, [](const auto& p) { return p.first.text == "internal"; });
        if (own == c.stores.end() || own->second.internal.empty() || at == value.pairs.end()) {
            continue;
        }
        const auto& internal = own->second.internal;
        for (const auto& [name, other] : c.stores) {
            const std::string named = "/" + name + "/";
            const bool shared = internal.starts_with(named) || named.starts_with(internal) ||
                                (!other.internal.empty() && internal.starts_with(other.internal));
            if (name != key.text && shared) {
                r.add(at->second, "\"stores." + key.text + ".internal\" leads to the store \"" + name + "\" too");
                break;
            }
        }
    }
}

/// The kind that `type` names; nullptr, with an error, where it names none.
const store_kind* read_kind(const reading& r, mapping& m) {
    const node* value = m.need("type") != nullptr ? m.scalar("type") : nullptr;
    if (value == nullptr) {
        return nullptr;
    }
    std::string names;
    for (const auto* kind : r.kinds) {
        const auto name = kind->traits().name;
        if (value->text == name) {
            return kind;
        }
        names.append(names.empty() ? "" : ", ").append(name);
    }
    m.wrong("type", *value, "must be one of " + names);
    return nullptr;
}

/// Refuses keys that other kinds have, with a better message than that for unknown keys.
void refuse_other_settings(const reading& r, mapping& m, const store_traits& kind) {
    for (const auto* other : r.kinds) {
        for (const auto key : other->traits().settings) {
            if (!m.taken(key) && m.has(key)) {
                m.wrong(key, *m.take(key), "means nothing in a store of type " + std::string(kind.name));
            }
        }
    }
}

} // namespace

void read_store(reading& r, const node& key, const node& where, config& c) {
    const auto name = parse_name(key.text);
    if (!name) {
        r.add(key, "a store's name " + name.error().detail);
    }
    mapping m(r, where, name ? "stores." + *name : "stores");
    if (where.what == node::kind::null) {
        r.add(key, "\"stores." + (name ? *name : "") + "\" has no value");
        return;
    }
    if (!m.is_mapping()) {
        return;
    }
    store s;
    s.name = key.text;
    s.kind = read_kind(r, m);
    if (s.kind != nullptr) {
        const auto& kind = s.kind->traits();
        m.read("prefix", s.prefix, kind.keys == key_form::flat ? parse_flat_prefix : parse_prefix);
        read_aliases(m, s);
        m.read("internal", s.internal, parse_internal);
        s.kind->read(r, m, s);
        refuse_other_settings(r, m, kind);
    } else {
        m.ignore_rest(); // which keys there may be depends on it
    }
    m.finish();
    c.stores.insert_or_assign(s.name, std::move(s));
}

void read_stores(reading& r, const node& where, config& c) {
    const mapping check(r, where, "stores"); // adds an error where it is no mapping
    for (const auto& [key, value] : where.pairs) {
        read_store(r, key, value, c);
    }
    refuse_shared_internals(r, where, c);
}

} // namespace sluice::config
