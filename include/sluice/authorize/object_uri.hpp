#pragma once

#include <sluice/config/config.hpp>
#include <sluice/sign/url_key.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Which object of which configured store the app means by a text. Pure, and byte by byte: keys are raw in it
/// (`uuid_My video #1?.mp4`), so that a URL parser would cut them.
namespace sluice::authorize {

/// Where http(s) URLs of a store's objects begin; then "/" and the key follow.
struct url_place {
    config::url at;    ///< its path is decoded
    bool alias{false}; ///< one of the store's `aliases`, not its endpoint
};

/// Where a configured store keeps its objects.
struct store_location {
    std::string name;              ///< as the configuration calls it
    std::string kind;              ///< its `type`, for presets, whose apps name objects by kind
    std::vector<std::string> uris; ///< what a URI of an object begins with, up to its key
    std::string shown;             ///< as an operator knows it, with the prefix
    std::string prefix;            ///< what every key begins with: "" or ends in "/"
    config::key_form keys{config::key_form::flat};
    std::vector<url_place> places{}; ///< in every spelling; none: no URL names an object of it
    std::string account{};           ///< azure: the storage account
    std::string bucket{};            ///< or the container
    /// Whether the store is a cloud's own service, where a bucket's name is one bucket for everybody.
    bool global_names{false};
    sign::url_family signed_urls{sign::url_family::bucket}; ///< the signatures that URLs of its objects can have
    bool plus_is_space{false};                              ///< a raw `+` in a URL's path is a space at its endpoint
    /// What names the store in an `object_header` too, as `/protected/`; "": nothing but `name`.
    std::string internal{};
};

/// Where `s` keeps its objects, as its kind has it. `location`: `origin::store::location`; "": not known, and then URLs
/// of a Google Cloud of another universe are not.
[[nodiscard]] store_location location_of(const config::store& s, std::string_view location = {});

/// An object: the index of its store among those that were given, and its key, raw.
struct object_ref {
    std::size_t store{0};
    std::string key; ///< never "", with safe segments

    friend bool operator==(const object_ref&, const object_ref&) = default;
};

using config::key_form;

/// The longest key: S3's limit.
inline constexpr std::size_t max_key = 1024;

/// Of the keys of a store's kind.
[[nodiscard]] inline key_form key_form_of(const config::store& s) noexcept {
    return s.kind != nullptr ? s.kind->traits().keys : key_form::tree;
}

/// True for a key without a segment `.` or `..`, which clients and servers on the way would resolve, and without what
/// its form does not allow. The empty key has an empty segment.
[[nodiscard]] bool has_safe_segments(std::string_view key, key_form form) noexcept;

/// True for a key that may be requested: 1 to 1,024 bytes of UTF-8 without control characters, with safe segments.
[[nodiscard]] bool is_safe_key(std::string_view key, key_form form) noexcept;

/// Whether an object of this store can have this key: a safe one that begins with its prefix, and does not end there.
[[nodiscard]] bool holds_key(const store_location& store, std::string_view key) noexcept;

/// What a bare key is that the app names.
enum class bare_key : std::uint8_t {
    whole, ///< the object's own: it lies beneath its store's prefix
    part   ///< put into the route's `object`, which must: only its form is looked at
};

/// True for the URI of an object, rather than a key: it begins with a scheme and `://`, or is an absolute path where
/// keys are those of a directory.
[[nodiscard]] bool is_object_uri(std::string_view text, key_form form) noexcept;

/// The object that a resolved text names: `s3://bucket/key`, `gs://bucket/key`, `https://ENDPOINT/container/key` of an
/// Azure store (two slashes before the container too: that is what SDKs make of an endpoint that ends in one), a path
/// beneath a local store's root, or a bare key (no `://` in it, no `/` before it) of the store `own`, where the route
/// has one. Nothing is decoded: `#`, `?`, `%` and `+` belong to the key.
///
/// Nullopt for everything else: a place that is not among `stores`, a key outside its store's prefix or not safe, and a
/// text that two stores could mean, unless one of them is `own`. A preset passes its own store alone.
[[nodiscard]] std::optional<object_ref> object_from_uri(std::string_view text, std::span<const store_location> stores,
                                                        std::optional<std::size_t> own,
                                                        bare_key bare = bare_key::whole);

/// The object of key `key` in the only one of `stores`; nullopt where there is not one, or where the key lies outside
/// its prefix or is not safe.
[[nodiscard]] std::optional<object_ref> object_in_store(std::string_view key, std::span<const store_location> stores);

/// What an `object_header` field that holds a path without a scheme means by it.
enum class path_meaning : std::uint8_t {
    location, ///< `X-Accel-Redirect` and all others: a URL's path, as nginx reads it
    file      ///< `X-Sendfile`: the name of a file
};

/// What the field `name` means by a path; case does not count, and `_` counts as `-`.
[[nodiscard]] path_meaning meaning_of_field(std::string_view name) noexcept;

/// The object that an `object_header` field names: a URI as above, literal; or `/store/key`, where `/store/` is a
/// store's name or its `internal`, and the key is percent-decoded once (`+` stays), a `bare` one. With
/// `path_meaning::file` a path beneath a local store's root goes before that, and is literal. Nullopt as above, and for
/// a bad escape or a `?` in the form that is decoded: nginx would take what follows it for arguments.
[[nodiscard]] std::optional<object_ref> object_from_header(std::string_view value,
                                                           std::span<const store_location> stores,
                                                           std::optional<std::size_t> own, path_meaning meaning,
                                                           bare_key bare = bare_key::whole);

} // namespace sluice::authorize
