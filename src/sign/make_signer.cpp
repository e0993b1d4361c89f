#include <sluice/identity/credentials.hpp>
#include <sluice/sign/make_signer.hpp>
#include <sluice/sign/s3_signer.hpp>

#include <utility>

namespace sluice::sign {

std::unique_ptr<signer> make_signer(const config::store& store, wall_clock clock) {
    switch (store.type) {
    case config::store_type::s3:
        return std::make_unique<s3_signer>(
            store, std::make_shared<const identity::static_aws_credentials>(store.credentials), std::move(clock));
    case config::store_type::local:
        break;
    }
    return nullptr;
}

} // namespace sluice::sign
