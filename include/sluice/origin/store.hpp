#pragma once

#include <sluice/config/config.hpp>
#include <sluice/metrics/metrics.hpp>
#include <sluice/origin/breaker.hpp>
#include <sluice/origin/hedge_rules.hpp>
#include <sluice/origin/pace.hpp>
#include <sluice/origin/store_kind.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::origin {

/// One configured store with its run-time state. Shared by all workers; lives as long as they do.
class store {
public:
    /// Throws `std::invalid_argument` for a store that has no kind or cannot be addressed, or a key that cannot be
    /// used.
    store(const config::store& settings, const config::fallback& limits, metrics::store_metrics& counters);

    /// Its configuration.
    [[nodiscard]] const config::store& settings() const noexcept { return settings_; }
    /// What its kind understands.
    [[nodiscard]] const origin::capabilities& capabilities() const noexcept { return capabilities_; }
    /// Files of this machine: opened, never fetched.
    [[nodiscard]] bool is_local() const noexcept { return config::is_local(settings_); }
    /// What cached objects belong to (identity.hpp). Not the store's name in the config.
    [[nodiscard]] const std::string& identity() const noexcept { return identity_; }
    /// What a URI of an object begins with in the admin API, as in `s3://bucket/` (see `uri_forms::purge`).
    [[nodiscard]] const std::string& uri_prefix() const noexcept { return uri_prefix_; }
    /// gcs: authority and path of the bucket, which depend on the universe of the credentials; "" for other kinds.
    [[nodiscard]] const std::string& location() const noexcept { return signing_.location; }
    /// Null for local stores.
    [[nodiscard]] sign::signer* signer() const noexcept { return signing_.signer.get(); }
    /// What renews the signer's credentials, each after those that it depends on; none for keys that never change.
    [[nodiscard]] std::vector<std::shared_ptr<identity::refreshable>> refreshables() const;
    /// Its metrics.
    [[nodiscard]] metrics::store_metrics& counters() const noexcept { return counters_; }
    /// Its circuit breaker, of all workers.
    [[nodiscard]] const breaker& circuit() const noexcept { return breaker_; }
    /// Whether a request may be sent now. Error: `breaker_open`, with what opened the breaker as its detail.
    [[nodiscard]] result<void> admit();
    /// It answered a request. Says so in the log where its breaker closes.
    void note_success();
    /// A request for `object` was given up because of `why`. Warns where its breaker opens.
    void note_failure(std::string_view object, const error& why);
    /// How fast it was lately.
    [[nodiscard]] origin::pace& pace() noexcept { return pace_; }
    /// What bounds its second requests.
    [[nodiscard]] hedge_budget& hedges() noexcept { return hedges_; }
    /// The time that one fetch may take until it has the head, retries included.
    [[nodiscard]] std::chrono::milliseconds fetch_timeout() const noexcept { return fetch_timeout_; }
    /// How long a transfer may go without a byte, retries included, before it has failed: `response_timeout`.
    [[nodiscard]] std::chrono::milliseconds patience() const noexcept { return settings_.response_timeout; }

private:
    config::store settings_;
    origin::capabilities capabilities_;
    sign::signing signing_;
    std::string identity_;
    std::string uri_prefix_;
    metrics::store_metrics& counters_;
    breaker breaker_;
    origin::pace pace_;
    hedge_budget hedges_;
    std::chrono::milliseconds fetch_timeout_;
};

} // namespace sluice::origin
