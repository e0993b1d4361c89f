#include <sluice/base/base64.hpp>
#include <sluice/config/address.hpp>
#include <sluice/identity/form.hpp>
#include <sluice/sign/azure/key_signer.hpp>
#include <sluice/sign/azure/token_signer.hpp>

#include "../clamp_expiry.hpp"
#include "blob_request.hpp"

#include <exception>
#include <stdexcept>
#include <utility>

namespace sluice::sign {

azure_token_signer::azure_token_signer(const config::store& store,
                                       std::shared_ptr<const identity::provider<identity::bearer_token>> tokens,
                                       std::shared_ptr<identity::azure_delegation_keys> keys, wall_clock clock)
    : address_(resolve_azure_address(store))
    , url_expiry_(clamp_expiry(store.url_expiry, max_sas_lifetime))
    , tokens_(std::move(tokens))
    , keys_(std::move(keys))
    , clock_(std::move(clock)) {
    if (const config::url endpoint = azure_endpoint(store); !endpoint.tls && !config::is_loopback(endpoint)) {
        throw std::invalid_argument(
            "an Azure store without an account key needs an https endpoint: it is sent a token");
    }
}

awaitable<result<signed_request>> azure_token_signer::sign(std::string_view key, method m) {
    (void)m;
    co_return sign_now(key);
}

result<signed_request> azure_token_signer::sign_now(std::string_view key) const {
    try {
        const auto token = tokens_->current();
        if (!token || token->token.empty()) {
            return error{errc::no_credentials, error_source::internal, true, "there is no access token yet"};
        }
        if (token->expires && *token->expires <= clock_()) {
            return error{errc::no_credentials, error_source::internal, true, "the access token has expired"};
        }
        auto made = azure::plain_request(address_, key);
        if (!made) {
            return made;
        }
        made->fields.emplace_back("Authorization", identity::bearer_field(token->token));
        made->fields.emplace_back("x-ms-version", secret(azure_version)); // "required for all authorized requests"
        made->expires = token->expires.value_or(time_point::max());
        return made;
    } catch (const std::exception& e) {
        return azure::failed(e.what());
    }
}

awaitable<result<signed_request>> azure_token_signer::presign(net::connection_pool& pool, std::string_view key,
                                                              method m, const presign_options& options) {
    (void)pool; // keys are requested in the background
    (void)m;    // one SAS reads by GET and by HEAD
    auto with = co_await keys_->get(options.deadline);
    if (!with) {
        co_return with.error();
    }
    co_return make(*with, key, options);
}

result<signed_request> azure_token_signer::make(const identity::user_delegation_key_ptr& by, std::string_view key,
                                                const presign_options& options) {
    try {
        const auto now = options.at ? *options.at : clock_();
        if (!by->expires || *by->expires <= now) {
            return error{errc::no_credentials, error_source::internal, true, "the user delegation key has expired"};
        }
        const azure_delegation delegation{by->oid, by->tid, by->start, by->expiry, by->service, by->version};
        const auto hmac = hmac_key_of(by);
        // "The signed expiry must be no later than the key's": a SAS beyond it is refused as a whole.
        return azure::sas_request(address_, key, options, {url_expiry_, now, *by->expires, &delegation, hmac.get()});
    } catch (const std::exception& e) {
        return azure::failed(e.what());
    }
}

std::shared_ptr<const hmac_key> azure_token_signer::hmac_key_of(const identity::user_delegation_key_ptr& key) {
    const mutex_lock lock(hmac_mutex_);
    if (hmac_of_ != key) {
        const auto bytes = base64_decode(key->value.reveal());
        if (!bytes) {
            throw std::runtime_error("the value of the user delegation key is not base64");
        }
        hmac_ = std::make_shared<const hmac_key>(as_key(bytes->reveal()));
        hmac_of_ = key;
    }
    return hmac_;
}

void azure_token_signer::forget(std::string_view key, method m) {
    (void)key;
    (void)m;
}

} // namespace sluice::sign
