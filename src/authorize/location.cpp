#include <sluice/authorize/location.hpp>
#include <sluice/config/address.hpp>
#include <sluice/http/query.hpp>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace sluice::authorize {

namespace {

/// A URL split as it is written.
struct url_parts {
    bool tls{false};
    std::string_view authority;
    std::string_view path;
    std::string_view query;
};

bool begins_with_letters(std::string_view text, std::string_view lower) {
    return text.size() >= lower.size() && to_lower(text.substr(0, lower.size())) == lower;
}

bool is_web_url(std::string_view url) {
    return begins_with_letters(url, "http://") || begins_with_letters(url, "https://");
}

/// `url` split (RFC 3986 §3); nullopt where readers may disagree about where its parts end.
std::optional<url_parts> split(std::string_view url) {
    if (!std::ranges::all_of(url, [](char c) { return c > ' ' && c < 0x7f && c != '\\' && c != '#'; })) {
        return std::nullopt; // a space, control and other characters that are no part of a URL; a fragment
    }
    url_parts parts;
    parts.tls = begins_with_letters(url, "https:");
    url.remove_prefix(url.find("//") + 2);
    const auto end = std::min(url.find_first_of("/?"), url.size());
    parts.authority = url.substr(0, end);
    url.remove_prefix(end);
    const auto mark = url.find('?');
    parts.path = url.substr(0, mark);
    parts.query = mark == std::string_view::npos ? std::string_view() : url.substr(mark + 1);
    if (parts.authority.find('@') != std::string_view::npos || parts.authority.ends_with(':')) {
        return std::nullopt;
    }
    return parts;
}

/// What `path`, decoded, has after `place`, which is the key; nullopt where it does not lie beneath it.
std::optional<std::string_view> key_beneath(const config::url& place, std::string_view path) {
    if (!path.starts_with(place.path)) {
        return std::nullopt;
    }
    path.remove_prefix(place.path.size());
    if (!path.starts_with('/')) { // not at a segment's border
        return std::nullopt;
    }
    return path.substr(1);
}

/// A place that a URL lies beneath.
struct hit {
    std::size_t store;
    const url_place* place;
    std::string_view key;
};

/// The places with the longest path that `at`, with its path decoded, lies beneath; one of each store at most.
std::vector<hit> places_of(const config::url& at, std::string_view path, std::span<const store_location> stores) {
    std::vector<hit> found;
    for (std::size_t i = 0; i < stores.size(); ++i) {
        for (const auto& place : stores[i].places) {
            if (place.at.tls != at.tls || place.at.port != at.port || place.at.host != at.host) {
                continue;
            }
            const auto key = key_beneath(place.at, path);
            if (!key || (!found.empty() && key->size() > found.back().key.size())) {
                continue;
            }
            if (!found.empty() && key->size() < found.back().key.size()) {
                found.clear();
            }
            if (found.empty() || found.back().store != i) {
                found.push_back({i, &place, *key});
            }
        }
    }
    return found;
}

/// Parameters, in lower case, that name another version or part of an object, or what is not its bytes: of S3 (API
/// Reference, GetObject and the subresources of objects), Cloud Storage (XML API), Azure (Get Blob, and what `comp` and
/// `restype` choose), and the images that other servers make of one. Lower case, as some servers do not mind.
constexpr auto other_names = std::to_array<std::string_view>(
    {"versionid",       "partnumber",   "generation", "snapshot",    "acl",       "attributes", "cors",      "comp",
     "compose",         "delete",       "encryption", "legal-hold",  "lifecycle", "list-type",  "location",  "logging",
     "notification",    "object-lock",  "policy",     "replication", "restore",   "restype",    "retention", "select",
     "select-type",     "tagging",      "torrent",    "uploadid",    "uploads",   "versioning", "versions",  "website",
     "x-image-process", "x-oss-process"});

bool names_other_bytes(const std::vector<http::query_parameter>& query) {
    return std::ranges::any_of(query, [](const auto& each) {
        return std::ranges::find(other_names, to_lower(each.name)) != other_names.end();
    });
}

std::string text_of(const std::vector<http::query_parameter>& query, std::string_view name) {
    const auto* value = http::find_parameter(query, name);
    return value == nullptr ? std::string() : *value;
}

/// The only one of `hits` whose store has that key; nullptr, with why, where there is none or more.
const hit* holder(const std::vector<hit>& hits, std::span<const store_location> stores, not_followed& why) {
    const hit* found = nullptr;
    for (const auto& each : hits) {
        if (!holds_key(stores[each.store], each.key)) {
            continue;
        }
        if (found != nullptr) {
            why = not_followed::ambiguous;
            return nullptr;
        }
        found = &each;
    }
    return found;
}

/// Why `path`, raw, with these readings of it, names no key; nullopt where it can.
std::optional<not_followed> problem_of(std::string_view path, const std::vector<hit>& hits,
                                       std::span<const store_location> stores) {
    if (hits.empty()) {
        return not_followed::elsewhere;
    }
    const auto lower = to_lower(path);
    if (lower.find("%2f") != std::string::npos || lower.find("%5c") != std::string::npos) {
        return not_followed::encoded_slash;
    }
    const auto& first = hits.front();
    const auto& store = stores[first.store];
    if (!first.key.empty() && !is_safe_key(first.key, store.keys)) {
        return not_followed::malformed;
    }
    // Written by who means a plus, and read as a space, as queries have it.
    if (store.plus_is_space && !first.place->alias && path.find('+') != std::string_view::npos) {
        return not_followed::malformed;
    }
    return std::nullopt;
}

location_reading refused(not_followed why) {
    return {std::nullopt, why};
}

} // namespace

location_reading read_location(std::string_view url, std::span<const store_location> stores) {
    if (!is_web_url(url)) {
        return refused(not_followed::elsewhere);
    }
    const auto parts = split(url);
    if (!parts) {
        return refused(not_followed::malformed);
    }
    const auto at = config::parse_url((parts->tls ? "https://" : "http://") + std::string(parts->authority));
    const auto path = percent_decode(parts->path);
    if (!at || !path) {
        return refused(not_followed::malformed);
    }
    const auto hits = places_of(*at, *path, stores);
    if (const auto problem = problem_of(parts->path, hits, stores)) {
        return refused(*problem);
    }
    auto why = not_followed::elsewhere;
    const auto* where = holder(hits, stores, why);
    if (where == nullptr) {
        return refused(why);
    }
    const auto query = http::strict_query(parts->query);
    if (!query) {
        return refused(not_followed::malformed);
    }
    if (names_other_bytes(*query)) {
        return refused(not_followed::other_bytes);
    }
    const bool azure = stores[where->store].signed_urls == sign::url_family::azure;
    object_url found;
    found.object = {where->store, std::string(where->key)};
    found.at_alias = where->place->alias;
    found.tls = parts->tls;
    found.authority = parts->authority;
    found.host_field = at->authority();
    found.path = parts->path;
    found.query = parts->query;
    found.content_type = text_of(*query, azure ? "rsct" : "response-content-type");
    found.content_disposition = text_of(*query, azure ? "rscd" : "response-content-disposition");
    return {std::move(found), {}};
}

std::optional<object_ref> object_from_url(std::string_view text, std::span<const store_location> stores,
                                          std::optional<std::size_t> own) {
    auto reading = read_location(text, stores);
    if (reading.why == not_followed::ambiguous && !reading.found && own && *own < stores.size()) {
        reading = read_location(text, stores.subspan(*own, 1));
        if (reading.found) {
            reading.found->object.store = *own;
        }
    }
    return reading.found ? std::optional(std::move(reading.found->object)) : std::nullopt;
}

std::optional<std::string> url_in_path(std::string_view value, std::string_view url_prefix) {
    std::string_view scheme;
    std::string_view host;
    while (value.starts_with('/') && url_prefix.starts_with('/')) {
        value.remove_prefix(1);
        url_prefix.remove_prefix(1);
        if (url_prefix == "{rest*}") {
            return std::string(scheme).append("://").append(host).append("/").append(value);
        }
        const auto segment = value.substr(0, value.find('/'));
        const auto wanted = url_prefix.substr(0, url_prefix.find('/'));
        if (wanted == "{scheme}") {
            scheme = segment;
        } else if (wanted == "{host}") {
            host = segment;
        } else if (wanted != segment) {
            return std::nullopt;
        }
        value.remove_prefix(segment.size());
        url_prefix.remove_prefix(wanted.size());
    }
    return std::nullopt;
}

sign::url_signature signature_of(const object_url& url, const store_location& store, sign::method m,
                                 const sign::url_key& key, std::chrono::system_clock::time_point now) {
    sign::presented_url shown;
    shown.family = store.signed_urls;
    shown.tls = url.tls;
    shown.authority = url.authority;
    shown.host_field = url.host_field;
    shown.path = url.path;
    shown.query = url.query;
    shown.m = m;
    shown.account = store.account;
    shown.bucket = store.bucket;
    shown.key = url.object.key;
    return sign::verify_url(shown, key, now);
}

bool may_ask_store(const object_url& url, const store_location& store) noexcept {
    return !url.at_alias && store.global_names;
}

} // namespace sluice::authorize
