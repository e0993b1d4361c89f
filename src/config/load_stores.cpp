#include <sluice/config/store_settings.hpp>

#include <bit>
#include <utility>

namespace sluice::config {

namespace {

using namespace std::chrono_literals;

/// A prefix whose segments may be empty, as those of keys in S3 and GCS, where `/` is a letter like any other.
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

/// The kind that `type` names; nullptr where that was refused.
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

/// Refuses the keys that only other kinds have, by their names: they were meant for something.
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
        s.kind->read(r, m, s);
        refuse_other_settings(r, m, kind);
    } else {
        m.ignore_rest(); // which keys there may be depends on it
    }
    m.finish();
    c.stores.insert_or_assign(s.name, std::move(s));
}

void read_stores(reading& r, const node& where, config& c) {
    const mapping check(r, where, "stores"); // says so where it is none
    for (const auto& [key, value] : where.pairs) {
        read_store(r, key, value, c);
    }
}

void read_cache(reading& r, const node& where, cache& out) {
    constexpr std::uint64_t kib = 1024;
    constexpr std::uint64_t tib = kib * kib * kib * kib;
    mapping m(r, where, "cache");
    m.read_path("directory", out.directory);
    const node* max_size = m.read_size("max_size", out.max_size, 1, 1024 * tib);
    m.read_size("min_free", out.min_free, 0, 1024 * tib);
    m.read_count("max_objects", out.max_objects, std::uint64_t{1}, std::uint64_t{100'000'000});
    const node* block = m.read_size("block_size", out.block_size, 64 * kib, 16 * kib * kib);
    if (block != nullptr && !std::has_single_bit(out.block_size)) {
        m.wrong("block_size", *block, "must be a power of two");
    }
    m.read_duration("max_age", out.max_age, 0ms, 24h * 3650);
    m.read_duration("stale_if_error", out.stale_if_error, 0ms, 24h * 3650);
    const node* ahead = m.read_size("read_ahead", out.read_ahead, 1, kib * kib * kib);
    const node* share = m.read("max_share", out.max_share, parse_percent);
    if (share != nullptr && out.max_share == 0) {
        m.wrong("max_share", *share, "must be from 1% to 100%");
    }
    m.finish();
    // Whichever of the two was written is the one to look at.
    if (out.max_size < 16 * out.block_size && (max_size != nullptr || block != nullptr)) {
        m.wrong("max_size", max_size != nullptr ? *max_size : *block, "must be at least 16 blocks of block_size");
    }
    if (out.read_ahead < out.block_size && (ahead != nullptr || block != nullptr)) {
        m.wrong("read_ahead", ahead != nullptr ? *ahead : *block, "must be at least block_size");
    }
}

} // namespace sluice::config
