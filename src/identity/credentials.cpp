#include <sluice/identity/credentials.hpp>

namespace sluice::identity {

static_aws_credentials::static_aws_credentials(const config::static_keys& keys) {
    if (keys.access_key_id.empty() || keys.secret_access_key.empty()) {
        return;
    }
    credentials_ = std::make_shared<const aws_credentials>(
        aws_credentials{keys.access_key_id, keys.secret_access_key, keys.session_token, std::nullopt});
}

} // namespace sluice::identity
