#include <sluice/config/store_settings.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace sluice::config {

namespace {

using namespace std::chrono_literals;

/// The keys of all types, besides `type` and `prefix`.
constexpr std::array<std::string_view, 21> type_keys{
    "root",     "bucket",     "account",     "container",       "region",
    "endpoint", "addressing", "url_expiry",  "connect_timeout", "response_timeout",
    "ca_file",  "parallel",   "hedge_after", "anonymous",       "owner",
    "fips",     "signer",     "dual_stack",  "accelerate",      "credentials",
    "copy"};

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

void read_local(mapping& m, store& s) {
    if (m.need("root") != nullptr) {
        const node* at = m.read_path("root", s.root);
        if (at != nullptr && s.root.empty()) {
            m.wrong("root", *at, "must not be empty");
        }
    }
    m.read_bool("copy", s.copy);
}

/// Reads what is the type's own; keys that are another's alone are refused by name: they were meant for something.
void read_type(reading& r, mapping& m, store& s) {
    std::string_view name;
    switch (s.type) {
    case store_type::s3:
        name = "s3";
        read_s3(r, m, s);
        break;
    case store_type::gcs:
        name = "gcs";
        read_gcs(r, m, s);
        break;
    case store_type::azure:
        name = "azure";
        read_azure(r, m, s);
        break;
    case store_type::local:
        name = "local";
        read_local(m, s);
        break;
    }
    for (const auto key : type_keys) {
        if (!m.taken(key) && m.has(key)) {
            m.wrong(key, *m.take(key), "means nothing in a store of type " + std::string(name));
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
    const bool typed =
        m.need("type") != nullptr && m.read_choice<store_type>("type", s.type,
                                                               {{"s3", store_type::s3},
                                                                {"gcs", store_type::gcs},
                                                                {"azure", store_type::azure},
                                                                {"local", store_type::local}}) != nullptr;
    if (typed) {
        const bool flat = s.type == store_type::s3 || s.type == store_type::gcs;
        m.read("prefix", s.prefix, flat ? parse_flat_prefix : parse_prefix);
        read_type(r, m, s);
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
