#pragma once

#include <sluice/base/clock.hpp>
#include <sluice/base/single_flight.hpp>
#include <sluice/identity/caller.hpp>
#include <sluice/identity/credentials.hpp>
#include <sluice/identity/renewal.hpp>

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

/// Azure's user delegation keys, with which SAS are signed where no account key is known.
namespace sluice::identity {

/// The version of the Blob service's API that requests name. Not newer than needed: emulators lag behind.
inline constexpr std::string_view azure_api_version = "2021-12-02";

/// Where the keys of one account are asked for.
struct azure_blob_service {
    config::url endpoint; ///< with the account in its path where it is path style
    std::string ca_file{};
    std::chrono::milliseconds timeout{5000};
};

/// Reads the answer of "Get User Delegation Key", received at `now`: XML, perhaps behind a byte order mark. Fractions
/// are cut off its times, which go into signatures and URLs as they are here. Errors: `no_credentials`, with the
/// service's code and message for a status other than 200 (retryable for 408, 429 and 5xx), and for an answer that is
/// no such key or one that has expired (retryable).
[[nodiscard]] result<user_delegation_key> read_delegation_key(const reply& answer, time_point now);

/// Asks for a key of 24 hours with the bearer token of the moment (learn.microsoft.com, "Get User Delegation Key"; at
/// most seven days are possible). It begins a quarter of an hour ago, so that a service whose clock is behind takes
/// what is signed with it at once. Needs the role Storage Blob Delegator.
class azure_delegation_key_source final : public source<user_delegation_key> {
public:
    azure_delegation_key_source(azure_blob_service service, std::shared_ptr<const provider<bearer_token>> tokens,
                                wall_clock clock);
    /// Errors: as `read_delegation_key`, and where there is no token (retryable).
    awaitable<result<user_delegation_key>> fetch(caller& by) override;
    [[nodiscard]] std::string name() const override { return "Azure user delegation key"; }

private:
    const azure_blob_service service_;
    const std::shared_ptr<const provider<bearer_token>> tokens_;
    const wall_clock clock_;
};

using user_delegation_key_ptr = std::shared_ptr<const user_delegation_key>;

/// The newest key of a source, fetched when one is first wanted: a store that only streams never asks for one, and so
/// is never told that it may not. Shared by all workers.
///
/// A key is renewed at half its life, by the one request that finds it so old; all others go on with the old key, and
/// so does that one where the renewal fails. After a failure the next try waits as `renewal_plan::after_failure` says;
/// until then those who have no key get the same error at once.
class azure_delegation_keys {
public:
    azure_delegation_keys(std::unique_ptr<source<user_delegation_key>> from, wall_clock clock);

    /// A key that is good now. Waits only where there is none, or where the caller is the one that renews it. `by` must
    /// live until completion. Errors: those of the source.
    awaitable<result<user_delegation_key_ptr>> get(caller& by);

private:
    using outcome = result<user_delegation_key_ptr>;

    /// What can be said without asking; nullopt: somebody has to ask.
    [[nodiscard]] std::optional<outcome> known(time_point now) const;
    /// The key there is, though it is due; nullptr where it has expired.
    [[nodiscard]] user_delegation_key_ptr usable(time_point now) const;
    [[nodiscard]] outcome settle(result<user_delegation_key> fetched, time_point now);

    const std::unique_ptr<source<user_delegation_key>> source_;
    const wall_clock clock_;
    single_flight<outcome> flight_;
    mutable std::mutex mutex_; ///< guards those below
    user_delegation_key_ptr newest_;
    time_point due_{};            ///< half the life of `newest_`
    std::optional<error> failed_; ///< of the last try, where it failed
    unsigned failures_{0};        ///< in a row
    time_point failed_at_{};
    time_point next_try_{};
};

} // namespace sluice::identity
