#pragma once

#include <sluice/base/clock.hpp>
#include <sluice/config/config.hpp>
#include <sluice/config/store_kind.hpp>
#include <sluice/identity/environment.hpp>
#include <sluice/sign/make_signer.hpp>
#include <sluice/sign/url_key.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace sluice::origin {

/// What stores of a kind understand: data, so that nothing that fetches asks which kind it is.
struct capabilities {
    bool suffix_ranges{true}; ///< `bytes=-n`
    /// The response field that carries an object's generation and the request field that asks for one; "": objects have
    /// no generations.
    std::string_view generation_field{};
    std::string_view generation_match_field{};
    sign::url_family signed_urls{sign::url_family::bucket}; ///< the signatures that URLs of its objects can have
    bool plus_is_space{false}; ///< a raw `+` in a path is a space at the cloud itself, and a plus on other servers
};

/// How texts name the objects of a store: each of these is followed by an object's key, raw.
struct uri_forms {
    std::vector<std::string> accepted; ///< what an app may write before a key; none: no URI names an object of it
    std::string purge;                 ///< what the admin API takes, as in `s3://bucket/`
    std::string shown;                 ///< what operators are shown, without the store's prefix
};

/// The forms of a store that is a bucket of that name, as in `s3://bucket/`.
[[nodiscard]] uri_forms bucket_uris(std::string_view scheme, std::string_view bucket);

/// A kind of store: everything that the program knows of one cloud, or of directories, is behind this interface.
///
/// `s` is a store of this kind in all members. They are for start-up and for commands, but for none of them more than
/// memory is needed, unless it says so.
class store_kind : public config::store_kind {
public:
    /// By its traits, which must live forever.
    using config::store_kind::store_kind;

    /// Here: those of plain HTTP (RFC 9110).
    [[nodiscard]] virtual origin::capabilities capabilities() const { return {}; }

    /// How texts of the app name objects of `s`.
    [[nodiscard]] virtual uri_forms uris(const config::store& s) const = 0;

    /// Where http(s) URLs of objects of `s` begin, besides its aliases: its endpoint in every spelling, the bucket in
    /// the path or before the host; then "/" and the key follow. Paths are decoded. `location`: of the store's
    /// `sign::signing`; "": not known. Here: nowhere.
    [[nodiscard]] virtual std::vector<config::url> url_places(const config::store& s, std::string_view location) const;

    /// What cached objects of `s` belong to (identity.hpp). It is on disk in every cache: for the same settings it must
    /// never change. `who` and `location`: of the store's `sign::signing`.
    [[nodiscard]] virtual std::string identity(const config::store& s, std::string_view who, std::string_view location,
                                               const identity::environment& env) const = 0;

    /// What signs requests to `s`. May read credentials files. Throws `std::invalid_argument` for a store that cannot
    /// be addressed or a key that cannot be used. Here, for local stores: nothing.
    [[nodiscard]] virtual sign::signing make_signing(const config::store& s, const identity::environment& env,
                                                     wall_clock clock) const;

    /// What credentials of `s` that are never renewed are called in `sluice check --online`, as in "the static keys of
    /// the configuration".
    [[nodiscard]] virtual std::string_view fixed_credentials(const config::store& s) const;
};

/// The kind of a store that was loaded with `store_kinds()`, or with kinds that are derived from `origin::store_kind`.
/// Throws `std::invalid_argument` for a store without one.
[[nodiscard]] const store_kind& kind_of(const config::store& s);

/// `kind_of(s).make_signing` with this process's environment and clock.
[[nodiscard]] sign::signing make_signing(const config::store& s);

} // namespace sluice::origin
