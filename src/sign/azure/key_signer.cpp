#include <sluice/sign/azure/key_signer.hpp>

#include "../clamp_expiry.hpp"
#include "blob_request.hpp"

#include <exception>
#include <utility>

namespace sluice::sign {

azure_key_signer::azure_key_signer(const config::store& store, std::shared_ptr<const hmac_key> key, wall_clock clock,
                                   std::size_t capacity)
    : address_(resolve_azure_address(store))
    , url_expiry_(clamp_expiry(store.url_expiry, max_sas_lifetime))
    , key_(std::move(key))
    , clock_(std::move(clock))
    , cache_(capacity) {}

awaitable<result<signed_request>> azure_key_signer::sign(std::string_view key, method m) {
    (void)m; // one SAS reads by GET and by HEAD
    co_return sign_now(key);
}

awaitable<result<signed_request>> azure_key_signer::presign(net::connection_pool& pool, std::string_view key, method m,
                                                            const presign_options& options) {
    (void)pool; // needs no request
    (void)m;
    co_return presign_now(key, options);
}

void azure_key_signer::forget(std::string_view key, method m) {
    (void)m;
    cache_.erase(key, method::get);
}

result<signed_request> azure_key_signer::sign_now(std::string_view key) {
    try {
        const time_point now = clock_();
        if (key_) {
            if (const auto cached = cache_.find(key, method::get, now, key_)) {
                return *cached;
            }
        }
        auto made = make(key, {}, now);
        if (made && key_) {
            cache_.put(key, method::get, now, key_, std::make_shared<const signed_request>(*made));
        }
        if (made && !key_) {
            // Without it the service uses its version of 2009, which has neither open ranges nor quoted ETags.
            made->fields.emplace_back("x-ms-version", secret(azure_version));
        }
        return made;
    } catch (const std::exception& e) {
        return azure::failed(e.what());
    }
}

result<signed_request> azure_key_signer::presign_now(std::string_view key, const presign_options& options) const {
    try {
        return make(key, options, options.at ? *options.at : clock_());
    } catch (const std::exception& e) {
        return azure::failed(e.what());
    }
}

result<signed_request> azure_key_signer::make(std::string_view key, const presign_options& options,
                                              time_point now) const {
    if (key_) {
        return azure::sas_request(address_, key, options, {url_expiry_, now, time_point::max(), nullptr, key_.get()});
    }
    return azure::plain_request(address_, key);
}

} // namespace sluice::sign
