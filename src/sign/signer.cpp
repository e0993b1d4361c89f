#include <sluice/sign/signer.hpp>

namespace sluice::sign {

std::string signed_request::url() const {
    return (tls ? "https://" : "http://") + authority + target;
}

} // namespace sluice::sign
