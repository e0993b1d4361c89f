#pragma once

#include <sluice/base/worker.hpp>
#include <sluice/identity/http_client.hpp>
#include <sluice/metrics/metrics.hpp>
#include <sluice/origin/store.hpp>

#include <map>
#include <memory>
#include <string>

namespace sluice::server {

using store_map = std::map<std::string, std::unique_ptr<origin::store>>;

/// Renews the credentials of all stores on `w` until `stop_renewals`, and counts the attempts. The signers of every
/// worker only read what is newest. On the thread of `w`, or before it runs; all arguments must outlive the renewals.
void start_renewals(const store_map& stores, worker& w, identity::http_client& by, metrics::metrics& counters);

/// Ends all renewals. On the thread of their worker.
void stop_renewals(const store_map& stores);

} // namespace sluice::server
