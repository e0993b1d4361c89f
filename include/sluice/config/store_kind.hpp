#pragma once

#include <boost/json/fwd.hpp>

#include <cstdint>
#include <span>
#include <string_view>

namespace sluice::config {

class mapping;
struct reading;
struct store;
struct url;

/// What `/` is in the keys of a kind of store: a character like any other, so that segments may be empty (`/up/a`,
/// `a//b` and `a/` are keys of their own in S3 and GCS), or what separates directories, where none may be.
enum class key_form : std::uint8_t { flat, tree };

/// What is the same for all stores of a kind. What the views and spans refer to lives forever.
struct store_traits {
    std::string_view name; ///< the value of `type`; part of cache identities, so that it never changes
    key_form keys{key_form::flat};
    bool local{false}; ///< files of this machine: nothing is signed or sent, and the objects have no URL
    std::span<const std::string_view> settings;    ///< its keys in the file, besides `type` and `prefix`
    std::span<const std::string_view> credentials; ///< its keys below `credentials`
};

/// A kind of store as the configuration needs it: reading and redacting what only stores of that kind have. What a
/// kind is to the rest of the program is added by `origin::store_kind`, of which every kind in use is one.
///
/// Stateless; a kind lives forever and may be used from any thread.
class store_kind {
public:
    /// `traits` must outlive it.
    explicit store_kind(const store_traits& traits) noexcept
        : traits_(traits) {}
    store_kind(const store_kind&) = delete;
    store_kind& operator=(const store_kind&) = delete;
    virtual ~store_kind() = default;

    /// What is known of the kind without any of its stores.
    [[nodiscard]] const store_traits& traits() const noexcept { return traits_; }

    /// Reads all settings of a store but `type` and `prefix` from `m` into `out`. Adds what is wrong to `r`, and leaves
    /// `out` half filled where anything is.
    virtual void read(reading& r, mapping& m, store& out) const = 0;

    /// Appends the settings that only this kind has to `out`, by their keys in the file. Never a secret.
    virtual void redact(const store& s, boost::json::object& out) const = 0;

    /// The value of `credentials` with every secret, and the ids of access keys, behind `redacted`. Not called for
    /// local or anonymous stores. Here: "default chain".
    [[nodiscard]] virtual boost::json::value redact_credentials(const store& s) const;

    /// Whether `endpoint` is the cloud's own service, where a bucket's name means one bucket for everybody, and not a
    /// server of somebody's who speaks its API. Here: AWS's, Google's or Azure's (cloud_hosts.hpp), whichever it is, as
    /// they speak each other's APIs too.
    [[nodiscard]] virtual bool is_clouds_own(const url& endpoint) const;

    /// Whether objects that are cached of a store without an `owner` belong to the id of the access key that its
    /// credentials hold, so that they are of no use with the next one. Here: no.
    [[nodiscard]] virtual bool is_owned_by_key_id(const store& s) const;

private:
    const store_traits traits_;
};

/// The kinds that a configuration may name, in the order in which messages list them.
using store_kinds = std::span<const store_kind* const>;

/// Whether the objects of `s` are files of this machine. False for a store without a kind, as one has that could not be
/// read.
[[nodiscard]] bool is_local(const store& s) noexcept;

} // namespace sluice::config
