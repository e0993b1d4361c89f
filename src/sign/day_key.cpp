#include <sluice/sign/day_key.hpp>

namespace sluice::sign {

std::shared_ptr<const hmac_key> day_key::get(std::string_view date, const secret& from, const owner& whose) {
    {
        const mutex_lock lock(mutex_);
        if (key_ && whose_ == whose && date_ == date) {
            return key_;
        }
    }
    sha256_digest bytes = v4_signing_key(from.reveal(), date, region_, service_, dialect_);
    auto key = std::make_shared<const hmac_key>(bytes);
    wipe(bytes);

    const mutex_lock lock(mutex_);
    key_ = key;
    whose_ = whose;
    date_ = date;
    return key;
}

} // namespace sluice::sign
