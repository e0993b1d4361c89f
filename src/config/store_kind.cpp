#include <sluice/config/cloud_hosts.hpp>
#include <sluice/config/config.hpp>
#include <sluice/config/store_kind.hpp>

#include <boost/json.hpp>

namespace sluice::config {

boost::json::value store_kind::redact_credentials(const store& /*s*/) const {
    return "default chain";
}

bool store_kind::is_clouds_own(const url& endpoint) const {
    return sluice::config::is_clouds_own(endpoint);
}

bool store_kind::is_owned_by_key_id(const store& /*s*/) const {
    return false;
}

bool is_local(const store& s) noexcept {
    return s.kind != nullptr && s.kind->traits().local;
}

} // namespace sluice::config
