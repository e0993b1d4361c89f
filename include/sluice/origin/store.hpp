#pragma once

#include <sluice/config/config.hpp>
#include <sluice/metrics/metrics.hpp>
#include <sluice/origin/breaker.hpp>
#include <sluice/sign/make_signer.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::origin {

/// What a kind of store can do: data, so that nothing that fetches asks which kind it is.
struct capabilities {
    bool suffix_ranges{true}; ///< `bytes=-n` is understood
    bool local{false};        ///< files of this machine: opened, never fetched
    /// GCS: objects have generations. The fields that say one and that ask for one; "": there are none.
    std::string_view generation_field{};
    std::string_view generation_match_field{};
};

/// Where the containers of an Azure store are: `https://ACCOUNT.blob.core.windows.net`, or its endpoint, without "/" at
/// the end.
[[nodiscard]] std::string blob_endpoint(const config::store& s);

/// One configured store with what it needs at run time. Shared by all workers; lives as long as they do.
class store {
public:
    /// Throws `std::invalid_argument` for a store that cannot be addressed, or a key that cannot be used.
    store(const config::store& settings, const config::fallback& limits, metrics::store_metrics& counters);

    [[nodiscard]] const config::store& settings() const noexcept { return settings_; }
    [[nodiscard]] const capabilities& can() const noexcept { return can_; }
    /// What cached objects belong to (identity.hpp). Not the store's name in the config.
    [[nodiscard]] const std::string& identity() const noexcept { return identity_; }
    /// `s3://bucket/`, `gs://bucket/`, `https://ENDPOINT/container/` or `file://root/`: what a URI of an object of this
    /// store begins with.
    [[nodiscard]] const std::string& uri_prefix() const noexcept { return uri_prefix_; }
    /// Null for local stores.
    [[nodiscard]] sign::signer* signer() const noexcept { return signing_.signer.get(); }
    /// What the signer's credentials are renewed by, in the order in which they depend on each other; none for keys
    /// that never change.
    [[nodiscard]] std::vector<std::shared_ptr<identity::renewable>> renewals() const;
    [[nodiscard]] metrics::store_metrics& counters() const noexcept { return counters_; }
    [[nodiscard]] breaker& circuit() noexcept { return breaker_; }
    /// The longest that one fetch may take to its head, retries included.
    [[nodiscard]] std::chrono::milliseconds patience() const noexcept { return patience_; }

private:
    config::store settings_;
    capabilities can_;
    sign::signing signing_;
    std::string identity_;
    std::string uri_prefix_;
    metrics::store_metrics& counters_;
    breaker breaker_;
    std::chrono::milliseconds patience_;
};

} // namespace sluice::origin
