#include <sluice/sign/make_signer.hpp>

#include <utility>

namespace sluice::sign {

signing make_signing(const config::store& store, const identity::environment& env, wall_clock clock) {
    switch (store.type) {
    case config::store_type::s3:
        return make_s3_signing(store, env, std::move(clock));
    case config::store_type::gcs:
        return make_gcs_signing(store, env, std::move(clock));
    case config::store_type::azure:
        return make_azure_signing(store, env, std::move(clock));
    case config::store_type::local:
        break;
    }
    return {};
}

} // namespace sluice::sign
