#include <sluice/config/address.hpp>
#include <sluice/identity/aws/chain.hpp>
#include <sluice/identity/form.hpp>
#include <sluice/identity/rfc3339.hpp>
#include <sluice/sign/azure/sas.hpp>
#include <sluice/sign/azure/signer.hpp>
#include <sluice/sign/make_signer.hpp>

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>
#include <variant>

namespace sluice::sign {

namespace {

using time_point = std::chrono::system_clock::time_point;

error failed(std::string detail) {
    return {errc::sign_failed, error_source::internal, false, std::move(detail)};
}

std::chrono::seconds clamp_expiry(config::duration configured) {
    return std::clamp<std::chrono::seconds>(std::chrono::duration_cast<std::chrono::seconds>(configured),
                                            std::chrono::seconds(1), longest_azure_sas);
}

signed_request request_to(const azure_address& address) {
    signed_request made;
    made.tls = address.tls;
    made.host = address.host;
    made.port = address.port;
    made.authority = address.authority;
    made.only_signed_extensions = false; // Azure signs none
    return made;
}

// A SAS for reading `blob` from `from` for the life that is asked for, at the longest until `limit`.
result<signed_request> read_sas(const azure_address& address, std::string_view blob, const presign_options& options,
                                std::chrono::seconds default_life, time_point from, time_point limit,
                                const azure_delegation* delegation, const hmac_key& key) {
    const std::chrono::seconds life = options.expires.value_or(default_life);
    if (life < std::chrono::seconds(1) || life > longest_azure_sas) {
        return failed("the life of the URL is not from one second to a year");
    }
    if (from > time_point::max() - life) {
        return failed("the URL would end after the last time that the clock knows");
    }
    auto path = azure_path(address, blob);
    if (!path) {
        return path.error();
    }
    const time_point expires = std::min<time_point>(std::chrono::floor<std::chrono::seconds>(from) + life, limit);
    const std::string expiry = identity::format_rfc3339(expires); // `YYYY-MM-DDTHH:MM:SSZ`, as Azure wants it
    const std::string resource = address.canonical + "/" + azure_blob_name(blob);
    azure_sas sas;
    sas.version = azure_version;
    sas.expiry = expiry;
    sas.canonical_resource = resource;
    sas.protocol = address.tls ? "https" : "https,http";
    sas.content_disposition = options.response_content_disposition;
    sas.content_type = options.response_content_type;
    sas.delegation = delegation;
    auto made = request_to(address);
    made.target = *std::move(path) + "?" + azure_signed_query(sas, key);
    made.expires = expires;
    return made;
}

} // namespace

azure_key_signer::azure_key_signer(const config::store& store, std::shared_ptr<const hmac_key> key, wall_clock clock,
                                   std::size_t capacity)
    : address_(resolve_azure_address(store))
    , url_expiry_(clamp_expiry(store.url_expiry))
    , key_(std::move(key))
    , clock_(std::move(clock))
    , kept_(capacity) {}

awaitable<result<signed_request>> azure_key_signer::sign(std::string_view key, method m) {
    (void)m; // one SAS reads by GET and by HEAD
    co_return sign_now(key);
}

awaitable<result<signed_request>> azure_key_signer::presign(net::connection_pool& pool, std::string_view key, method m,
                                                            const presign_options& options) {
    (void)pool; // all is done here
    (void)m;
    co_return presign_now(key, options);
}

void azure_key_signer::forget(std::string_view key, method m) {
    (void)m;
    kept_.erase(key, method::get);
}

result<signed_request> azure_key_signer::sign_now(std::string_view key) {
    try {
        const time_point now = clock_();
        if (key_) {
            if (const auto kept = kept_.find(key, method::get, now, key_)) {
                return *kept;
            }
        }
        auto made = make(key, {}, now);
        if (made && key_) {
            kept_.put(key, method::get, now, key_, std::make_shared<const signed_request>(*made));
        }
        if (made && !key_) {
            // Without it the service speaks its version of 2009, which knows no open ranges and quotes no ETag.
            made->fields.emplace_back("x-ms-version", secret(azure_version));
        }
        return made;
    } catch (const std::exception& e) {
        return failed(e.what());
    }
}

result<signed_request> azure_key_signer::presign_now(std::string_view key, const presign_options& options) const {
    try {
        return make(key, options, options.at ? *options.at : clock_());
    } catch (const std::exception& e) {
        return failed(e.what());
    }
}

result<signed_request> azure_key_signer::make(std::string_view key, const presign_options& options,
                                              time_point now) const {
    if (key_) {
        return read_sas(address_, key, options, url_expiry_, now, time_point::max(), nullptr, *key_);
    }
    auto path = azure_path(address_, key);
    if (!path) {
        return path.error();
    }
    auto made = request_to(address_);
    made.target = *std::move(path);
    made.expires = time_point::max();
    return made;
}

azure_token_signer::azure_token_signer(const config::store& store,
                                       std::shared_ptr<const identity::provider<identity::bearer_token>> tokens,
                                       std::shared_ptr<identity::azure_delegation_keys> keys, wall_clock clock)
    : address_(resolve_azure_address(store))
    , url_expiry_(clamp_expiry(store.url_expiry))
    , tokens_(std::move(tokens))
    , keys_(std::move(keys))
    , clock_(std::move(clock)) {
    if (const config::url endpoint = azure_endpoint(store); !endpoint.tls && !config::is_loopback(endpoint)) {
        throw std::invalid_argument("an Azure store without account key needs an https endpoint");
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
            return error{errc::no_credentials, error_source::internal, true, "there is no token"};
        }
        if (token->expires && *token->expires <= clock_()) {
            return error{errc::no_credentials, error_source::internal, true, "the token has expired"};
        }
        auto path = azure_path(address_, key);
        if (!path) {
            return path.error();
        }
        auto made = request_to(address_);
        made.target = *std::move(path);
        made.fields.emplace_back("Authorization", identity::bearer_field(token->token));
        made.fields.emplace_back("x-ms-version", secret(azure_version)); // "required for all authorized requests"
        made.expires = token->expires.value_or(time_point::max());
        return made;
    } catch (const std::exception& e) {
        return failed(e.what());
    }
}

awaitable<result<signed_request>> azure_token_signer::presign(net::connection_pool& pool, std::string_view key,
                                                              method m, const presign_options& options) {
    (void)pool; // keys are asked for in the background
    (void)m;    // one SAS reads by GET and by HEAD
    auto with = co_await keys_->get(options.give_up);
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
        const auto hmac = keyed(by);
        // "The signed expiry must be no later than the key's": a SAS beyond it is refused as a whole.
        return read_sas(address_, key, options, url_expiry_, now, *by->expires, &delegation, *hmac);
    } catch (const std::exception& e) {
        return failed(e.what());
    }
}

std::shared_ptr<const hmac_key> azure_token_signer::keyed(const identity::user_delegation_key_ptr& key) {
    const std::lock_guard lock(hmac_mutex_);
    if (hmac_of_ != key) {
        const auto bytes = base64_decode(key->value.reveal());
        if (!bytes) {
            throw std::runtime_error("the user delegation key is not base64");
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

signing make_azure_signing(const config::store& store, const identity::environment& env, wall_clock clock) {
    if (store.anonymous) {
        return {std::make_unique<azure_key_signer>(store, nullptr, std::move(clock)), {}};
    }
    if (const auto* account = std::get_if<config::azure_account_key>(&store.credentials)) {
        const auto bytes = base64_decode(account->key.reveal());
        if (!bytes || bytes->empty()) {
            throw std::invalid_argument("the account key is not base64");
        }
        auto key = std::make_shared<const hmac_key>(as_key(bytes->reveal()));
        return {std::make_unique<azure_key_signer>(store, std::move(key), std::move(clock)), {}, store.account};
    }
    if (!std::holds_alternative<config::default_chain>(store.credentials)) {
        throw std::invalid_argument("an Azure store takes an account key or nothing");
    }
    auto tokens =
        std::make_shared<identity::renewed<identity::bearer_token>>(identity::azure_default_chain(env, clock), clock);
    identity::azure_blob_service service{azure_endpoint(store), store.ca_file};
    auto source = std::make_unique<identity::azure_delegation_key_source>(std::move(service), tokens, clock);
    auto keys = std::make_shared<identity::azure_delegation_keys>(std::move(source), clock);
    auto made = std::make_unique<azure_token_signer>(store, tokens, keys, std::move(clock));
    signing whole{std::move(made), {std::move(tokens)}};
    whole.renewals_for_urls.push_back(std::move(keys));
    return whole;
}

} // namespace sluice::sign
