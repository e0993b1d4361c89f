#pragma once

#include <sluice/base/mutex.hpp>
#include <sluice/base/secret.hpp>
#include <sluice/sign/crypto.hpp>
#include <sluice/sign/signature_v4.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::sign {

/// The signing key of Signature Version 4, which is derived from a secret and a date: once a day, and anew where the
/// secret changes. From any thread, in short critical sections.
class day_key {
public:
    /// Held, not only compared: while it is, its address cannot be reused by another. May be null.
    using owner = std::shared_ptr<const void>;

    /// `service`: as `v4_signing_key` has it, as is `dialect`, which must outlive this.
    day_key(std::string region, std::string service, const v4_dialect& dialect)
        : region_(std::move(region))
        , service_(std::move(service))
        , dialect_(dialect) {}

    /// The key of `date` (YYYYMMDD, UTC) for `from`, the secret of `whose`.
    [[nodiscard]] std::shared_ptr<const hmac_key> get(std::string_view date, const secret& from,
                                                      const owner& whose = nullptr);

private:
    const std::string region_;
    const std::string service_;
    const v4_dialect& dialect_;
    mutex mutex_;
    std::shared_ptr<const hmac_key> key_ GUARDED_BY(mutex_);
    owner whose_ GUARDED_BY(mutex_); ///< what it was derived from, with the date
    std::string date_ GUARDED_BY(mutex_);
};

} // namespace sluice::sign
