#pragma once

#include <sluice/authorize/object_uri.hpp>
#include <sluice/sign/verify_url.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Which object of which configured store an http or https URL of the app names. Pure.
namespace sluice::authorize {

/// Why a URL names no object that may be served in its place.
enum class not_followed : std::uint8_t {
    elsewhere,     ///< no absolute http(s) URL, no configured store there, or a key outside its prefix
    ambiguous,     ///< two stores hold it
    malformed,     ///< readers may disagree about it: userinfo, `\`, a dot segment, a fragment, a bad escape, …
    encoded_slash, ///< `%2F` in the path, which the app writes for the slashes of a key; or `%5C`
    other_bytes,   ///< its query names another version, a part, or another resource than the object's bytes
};

/// A URL of an object of a configured store, taken apart.
struct object_url {
    object_ref object;
    bool at_alias{false}; ///< at one of the store's `aliases`, not at its endpoint
    bool tls{false};
    std::string authority;  ///< host and port, as written
    std::string host_field; ///< what clients send as Host for it: in lower case, without the scheme's default port
    std::string path;       ///< raw, as written
    std::string query;      ///< raw, without its `?`; a secret where it holds a signature
    /// The answer's type and disposition that its query asks for, decoded, without control characters; "": as they are
    /// stored.
    std::string content_type;
    std::string content_disposition;
};

/// What was read of a URL.
struct location_reading {
    std::optional<object_url> found{};
    not_followed why{not_followed::elsewhere}; ///< where there is nothing `found`
};

/// Reads an absolute http(s) URL. An object is found where scheme, host and port are those of an endpoint of one of
/// `stores` (bucket in the path or before the host) or of one of its aliases, what follows that place's path at a
/// segment's border is a key, percent-decoded once (`+` stays), and the key is safe and in the store's prefix. Of
/// places within each other the longest counts; where two stores are there, the one whose prefix holds.
[[nodiscard]] location_reading read_location(std::string_view url, std::span<const store_location> stores);

/// The object that a text of the app's names as an http(s) URL, which needs no signature: only the app can say it.
/// `own`: the store that is meant where more than one could be. Nullopt where it is no such URL of one object.
[[nodiscard]] std::optional<object_ref> object_from_url(std::string_view text, std::span<const store_location> stores,
                                                        std::optional<std::size_t> own);

/// The URL that the path `value` says, by a template of `config::parse_url_prefix`: with
/// `/file_download/{scheme}/{host}/{rest*}`, `/file_download/https/h:8443/a%20b?c` says `https://h:8443/a%20b?c`.
/// Nothing is decoded. Nullopt where `value` does not match, and for an empty template.
[[nodiscard]] std::optional<std::string> url_in_path(std::string_view value, std::string_view url_prefix);

/// Whose signature `url` carries, of an object of `store`: see `sign::verify_url`.
[[nodiscard]] sign::url_signature signature_of(const object_url& url, const store_location& store, sign::method m,
                                               const sign::url_key& key, std::chrono::system_clock::time_point now);

/// Whether the store itself may be asked if it honours `url`, whose signature is another key's. Only at the endpoint of
/// a cloud where a bucket's name is one bucket for everybody: on any other server the other key may be another
/// tenant's, for a bucket of his of the same name. The question must go to that very URL.
[[nodiscard]] bool may_ask_store(const object_url& url, const store_location& store) noexcept;

} // namespace sluice::authorize
