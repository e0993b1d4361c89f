#include <sluice/config/address.hpp>

#include "mapping.hpp"
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <optional>

namespace sluice::config {

namespace {

using namespace std::chrono_literals;

/// The types that may be written, supported or not.
enum class declared_type { s3, local, gcs, azure };

bool all_of_set(std::string_view text, std::string_view marks) {
    return std::ranges::all_of(text, [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               marks.find(c) != std::string_view::npos;
    });
}

/// Wider than AWS's naming rules (lower case, 3 to 63): older buckets and other servers have more. What is refused is
/// what would change the meaning of a URL.
result<std::string> parse_bucket(std::string_view text) {
    const bool good = !text.empty() && text.size() <= 255 && all_of_set(text, "._-") && text.front() != '.' &&
                      text.front() != '-' && text.back() != '.' && text.find("..") == std::string_view::npos;
    if (!good) {
        return bad("must be a bucket's name: letters, digits, `.`, `-` and `_`, beginning with a letter or digit");
    }
    return std::string(text);
}

/// A bucket that is to be a label of a host name (RFC 1123 §2.1; AWS "Virtual hosting of general purpose buckets").
bool fits_host_name(std::string_view bucket) {
    return bucket.size() >= 3 && bucket.size() <= 63 && bucket.back() != '-' && std::ranges::all_of(bucket, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
           });
}

result<std::string> parse_region(std::string_view text) {
    if (text.size() > 63 || !all_of_set(text, "-_")) {
        return bad("must be a region's name, as in eu-central-1");
    }
    return std::string(text);
}

result<std::string> parse_prefix(std::string_view text) {
    if (text.empty()) {
        return std::string();
    }
    if (!text.ends_with('/')) {
        return bad("must end in /");
    }
    if (text.starts_with('/') || text.size() > 1024 || has_control(text)) {
        return bad("must not begin with /, hold control characters, or be longer than 1024 bytes");
    }
    for (std::size_t from = 0; from < text.size();) {
        const auto to = text.find('/', from);
        const auto segment = text.substr(from, to - from);
        if (segment.empty() || segment == "." || segment == "..") {
            return bad("must not have empty or dot segments");
        }
        from = to + 1;
    }
    return std::string(text);
}

/// Part of the signed credential scope, where `/` and `,` separate (AWS Signature Version 4).
bool is_key_id(std::string_view text) {
    return !text.empty() && text.size() <= 256 &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f && c != '/' && c != ','; });
}

void read_credentials(reading& r, mapping& m, static_keys& out) {
    const node* value = m.take("credentials");
    if (value == nullptr || value->what == node::kind::null) {
        r.add(value != nullptr ? *value : m.where(),
              "\"" + m.full("credentials") + "\" is missing: static credentials are needed for now");
        return;
    }
    mapping keys(r, *value, m.full("credentials"));
    keys.refuse({"service_account", "hmac_id", "hmac_secret", "account_key", "connection_string"});
    if (const node* at = keys.need("access_key_id")) {
        secret id;
        if (keys.read_secret("access_key_id", id) != nullptr) {
            out.access_key_id = id.reveal();
            if (!is_key_id(id.reveal())) {
                keys.wrong("access_key_id", *at, "must be an access key's id, without spaces, `/` and `,`");
            }
        }
    }
    if (const node* at = keys.need("secret_access_key")) {
        if (keys.read_secret("secret_access_key", out.secret_access_key) != nullptr && out.secret_access_key.empty()) {
            keys.wrong("secret_access_key", *at, "is empty");
        }
    }
    keys.read_secret("session_token", out.session_token);
    keys.finish();
}

void read_endpoint(mapping& m, store& s) {
    const node* value = m.scalar("endpoint");
    if (value == nullptr || value->text.empty()) {
        return;
    }
    url u;
    if (m.read("endpoint", u, parse_url) != nullptr) {
        s.endpoint = std::move(u);
    }
}

/// True where `endpoint` is there with any value, a bad one too: then the region's absence is no second fault.
bool names_endpoint(mapping& m) {
    const node* value = m.take("endpoint");
    return value != nullptr && (value->what != node::kind::scalar || !value->text.empty());
}

void read_s3(reading& r, mapping& m, store& s) {
    const bool has_bucket = m.need("bucket") != nullptr && m.read("bucket", s.bucket, parse_bucket) != nullptr;
    m.read("region", s.region, parse_region);
    read_endpoint(m, s);
    if (s.region.empty() && names_endpoint(m)) {
        s.region = "us-east-1"; // what S3-compatible servers take unless they are told another
    } else if (s.region.empty() && !m.has("region")) {
        r.add(m.where(), "\"" + m.full("region") + "\" is missing: it is needed where no endpoint is set");
    } else if (s.region.empty()) {
        if (const node* value = m.scalar("region"); value != nullptr && value->text.empty()) {
            m.wrong("region", *value, "is empty: it is needed where no endpoint is set");
        }
    }
    const node* style = m.read_choice<addressing_style>("addressing", s.addressing,
                                                        {{"auto", addressing_style::automatic},
                                                         {"path", addressing_style::path},
                                                         {"virtual", addressing_style::virtual_hosted}});
    if (style != nullptr && s.addressing == addressing_style::virtual_hosted && has_bucket) {
        const bool tls = !s.endpoint || s.endpoint->tls;
        if (!fits_host_name(s.bucket)) {
            m.wrong("addressing", *style, "cannot be virtual: the bucket's name cannot be part of a host name");
        } else if (tls && s.bucket.find('.') != std::string::npos) {
            // A wildcard certificate covers one label (RFC 9525 §6.3).
            m.wrong("addressing", *style, "cannot be virtual over https: the bucket's name has a dot");
        } else if (s.endpoint && s.endpoint->host.find_first_not_of("0123456789.:abcdef") == std::string::npos &&
                   parse_cidr(s.endpoint->host)) {
            m.wrong("addressing", *style, "cannot be virtual: the endpoint is an address and not a name");
        }
    }
    m.read_duration("url_expiry", s.url_expiry, 1s, 24h * 7); // 604800 s is Signature Version 4's limit
    m.read_duration("connect_timeout", s.connect_timeout, 1ms, 5min);
    m.read_duration("response_timeout", s.response_timeout, 1ms, 1h);
    const node* ca = m.read_path("ca_file", s.ca_file);
    if (ca != nullptr && !s.ca_file.empty() && ::access(s.ca_file.c_str(), R_OK) != 0) {
        m.wrong("ca_file", *ca, "cannot be read");
    }
    m.refuse_unless("parallel", std::uint64_t{1}, parse_number);
    m.refuse_unless("hedge_after", duration{0}, parse_duration);
    for (const auto key : {"anonymous", "fips", "dual_stack", "accelerate"}) {
        m.refuse_unless(key, false, parse_bool);
    }
    m.refuse({"signer"});
    read_credentials(r, m, s.credentials);
}

void read_local(reading& r, mapping& m, store& s) {
    if (m.need("root") != nullptr) {
        const node* at = m.read_path("root", s.root);
        if (at != nullptr && s.root.empty()) {
            m.wrong("root", *at, "must not be empty");
        }
    }
    for (const auto key :
         {"bucket", "region", "endpoint", "addressing", "url_expiry", "connect_timeout", "response_timeout", "ca_file",
          "parallel", "hedge_after", "anonymous", "fips", "dual_stack", "accelerate", "signer", "credentials"}) {
        if (m.has(key)) {
            r.add(*m.take(key), "\"" + m.full(key) + "\" means nothing in a store of type local");
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
    std::optional<declared_type> type;
    const node* at = m.need("type");
    if (at != nullptr) {
        declared_type got{};
        if (m.read_choice<declared_type>("type", got,
                                         {{"s3", declared_type::s3},
                                          {"gcs", declared_type::gcs},
                                          {"azure", declared_type::azure},
                                          {"local", declared_type::local}}) != nullptr) {
            type = got;
        }
    }
    if (type == declared_type::gcs || type == declared_type::azure) {
        r.add(*at, type == declared_type::gcs ? "\"type: gcs\" is not supported yet"
                                              : "\"type: azure\" is not supported yet");
        type.reset();
    }
    if (!type) {
        m.ignore_rest(); // which keys there may be depends on it
    } else {
        m.read("prefix", s.prefix, parse_prefix);
        s.type = *type == declared_type::s3 ? store_type::s3 : store_type::local;
        if (s.type == store_type::s3) {
            read_s3(r, m, s);
            if (m.has("root")) {
                r.add(*m.take("root"), "\"" + m.full("root") + "\" means nothing in a store of type s3");
            }
        } else {
            read_local(r, m, s);
        }
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
