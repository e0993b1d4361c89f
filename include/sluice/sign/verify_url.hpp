#pragma once

#include <sluice/sign/signer.hpp>
#include <sluice/sign/url_key.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

/// Whose signature a URL of an object carries. Pure, given the key and the time.
namespace sluice::sign {

/// A URL of an object as somebody wrote it. All views must live until the call returns.
struct presented_url {
    url_family family{url_family::bucket};
    bool tls{true};
    std::string_view authority;  ///< host and port, as written
    std::string_view host_field; ///< the same in lower case, without the scheme's default port
    std::string_view path;       ///< raw, as written: begins with "/"
    std::string_view query;      ///< raw, as written, without its "?"
    method m{method::get};       ///< what is asked
    std::string_view account;    ///< azure: the storage account
    std::string_view bucket;     ///< azure: the container
    std::string_view key;        ///< of the object that the URL names, decoded
};

/// What a URL's signature says.
enum class url_signer : std::uint8_t {
    own,       ///< the store's own key signed this very URL for this method, and it is alive
    foreign,   ///< well-formed, alive as far as it says, and perhaps of another key: only the store can tell
    unsigned_, ///< it carries none
    invalid,   ///< forged, expired, not valid yet, for other requests than this one, or not well-formed
};

/// Whose a signature is, and until when it holds.
struct url_signature {
    url_signer by{url_signer::invalid};
    /// With `own` and `foreign`: when the URL ends, by what it says and by the own key's credentials; unset: it does
    /// not say.
    std::optional<std::chrono::system_clock::time_point> expires{};
};

/// Whose signature `url` carries at `now`. `key`: the store's own (`signer::own_key`). Signatures are compared in
/// constant time. What is believed, and why, stands in deploy/stores.md ("Signed URLs of the app").
[[nodiscard]] url_signature verify_url(const presented_url& url, const url_key& key,
                                       std::chrono::system_clock::time_point now);

} // namespace sluice::sign
