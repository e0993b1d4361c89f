#include <sluice/sign/google/gcs_hmac_signer.hpp>

#include <stdexcept>
#include <utility>

namespace sluice::sign {

gcs_hmac_signer::gcs_hmac_signer(const config::store& store, std::string id, secret key, wall_clock clock,
                                 std::size_t capacity)
    : urls_(store, "googleapis.com")
    , own_(std::make_shared<const identity::aws_credentials>(
          identity::aws_credentials{std::move(id), std::move(key), {}}))
    , clock_(std::move(clock))
    , cache_(capacity)
    , day_key_(urls_.address().region, "storage", goog4_hmac) {
    if (own_->access_key_id.empty() || own_->secret_access_key.empty()) {
        throw std::invalid_argument("an HMAC key needs an id and a secret");
    }
}

awaitable<result<signed_request>> gcs_hmac_signer::sign(std::string_view key, method m) {
    co_return sign_now(key, m);
}

awaitable<result<signed_request>> gcs_hmac_signer::presign(net::connection_pool& pool, std::string_view key, method m,
                                                           const presign_options& options) {
    (void)pool; // needs no request
    co_return presign_now(key, m, options);
}

void gcs_hmac_signer::forget(std::string_view key, method m) {
    cache_.erase(key, m);
}

result<signed_request> gcs_hmac_signer::sign_now(std::string_view key, method m) {
    const time_point now = clock_();
    if (const auto cached = cache_.find(key, m, now, nullptr)) {
        return *cached;
    }
    auto made = make(key, m, {}, now);
    if (made) {
        cache_.put(key, m, now, nullptr, std::make_shared<const signed_request>(*made));
    }
    return made;
}

result<signed_request> gcs_hmac_signer::presign_now(std::string_view key, method m, const presign_options& options) {
    return make(key, m, options, options.at ? *options.at : clock_());
}

result<signed_request> gcs_hmac_signer::make(std::string_view key, method m, const presign_options& options,
                                             time_point at) {
    auto url = urls_.prepare({key, m, own_->access_key_id, &goog4_hmac, at}, options);
    if (!url) {
        return url.error();
    }
    try {
        // The scope's date, with which the second line of the string to sign begins.
        const std::string& text = url->v4.steps.string_to_sign;
        const auto signature =
            day_key_.get(std::string_view(text).substr(goog4_hmac.algorithm.size() + 1, 8), own_->secret_access_key)
                ->mac(text);
        return gcs_urls::complete(std::move(*url), signature);
    } catch (const std::exception& e) {
        return error{errc::sign_failed, error_source::internal, false, e.what()};
    }
}

} // namespace sluice::sign
