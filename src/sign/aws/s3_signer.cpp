#include <sluice/identity/aws/chain.hpp>
#include <sluice/sign/aws/s3_signer.hpp>
#include <sluice/sign/make_signer.hpp>
#include <sluice/sign/signature_v4.hpp>

#include "../v4_object.hpp"

#include <algorithm>
#include <exception>
#include <utility>
#include <variant>

namespace sluice::sign {

namespace {

error failed(std::string detail) {
    return {errc::sign_failed, error_source::internal, false, std::move(detail)};
}

// A configured life in whole seconds, within what S3 takes.
std::chrono::seconds clamp_expiry(config::duration configured) {
    return std::clamp(std::chrono::duration_cast<std::chrono::seconds>(configured), std::chrono::seconds(1),
                      longest_expiry);
}

// Without a key the URL would be the bucket's, and list it.
std::string_view fault_of(std::string_view key) {
    if (key.empty()) {
        return "the key is empty";
    }
    return key.size() > s3_signer::longest_key ? "the key is longer than 1024 bytes" : "";
}

signed_request request_to(const s3_address& address) {
    signed_request made;
    made.tls = address.tls;
    made.host = address.host;
    made.port = address.port;
    made.authority = address.authority;
    return made;
}

} // namespace

s3_signer::s3_signer(const config::store& store, std::shared_ptr<const identity::aws_credentials_provider> provider,
                     wall_clock clock, std::size_t capacity)
    : address_(resolve_s3_address(store))
    , url_expiry_(clamp_expiry(store.url_expiry))
    , provider_(std::move(provider))
    , clock_(std::move(clock))
    , kept_(capacity) {}

awaitable<result<signed_request>> s3_signer::sign(std::string_view key, method m) {
    co_return sign_now(key, m);
}

awaitable<result<signed_request>> s3_signer::presign(net::connection_pool& pool, std::string_view key, method m,
                                                     const presign_options& options) {
    (void)pool; // all is done here
    co_return presign_now(key, m, options);
}

void s3_signer::forget(std::string_view key, method m) {
    kept_.erase(key, m);
}

result<signed_request> s3_signer::sign_now(std::string_view key, method m) {
    try {
        if (!provider_) {
            return unsigned_one(key);
        }
        const time_point now = clock_();
        const auto credentials = usable_credentials(now);
        if (!credentials) {
            return credentials.error();
        }
        if (const auto kept = kept_.find(key, m, now, *credentials)) {
            return *kept;
        }
        auto made = make(key, m, {}, now, *credentials);
        if (made) {
            kept_.put(key, m, now, *credentials, std::make_shared<const signed_request>(*made));
        }
        return made;
    } catch (const std::exception& e) {
        return failed(e.what());
    }
}

result<signed_request> s3_signer::presign_now(std::string_view key, method m, const presign_options& options) {
    try {
        const time_point now = options.at ? *options.at : clock_();
        if (!provider_) {
            return unsigned_one(key);
        }
        const auto credentials = usable_credentials(now);
        if (!credentials) {
            return credentials.error();
        }
        return make(key, m, options, now, *credentials);
    } catch (const std::exception& e) {
        return failed(e.what());
    }
}

result<identity::aws_credentials_ptr> s3_signer::usable_credentials(time_point now) const {
    identity::aws_credentials_ptr credentials = provider_->current();
    if (!credentials || credentials->access_key_id.empty() || credentials->secret_access_key.empty()) {
        return error{errc::no_credentials, error_source::internal, false, "there are no credentials"};
    }
    if (credentials->expires && *credentials->expires <= now) {
        return error{errc::no_credentials, error_source::internal, true, "the credentials have expired"};
    }
    return credentials;
}

result<signed_request> s3_signer::unsigned_one(std::string_view key) const {
    if (const auto fault = fault_of(key); !fault.empty()) {
        return failed(std::string(fault));
    }
    auto made = request_to(address_);
    made.target = s3_path(address_, key);
    made.expires = time_point::max();
    return made;
}

result<signed_request> s3_signer::make(std::string_view key, method m, const presign_options& options, time_point now,
                                       const identity::aws_credentials_ptr& credentials) {
    if (const auto fault = fault_of(key); !fault.empty()) {
        return failed(std::string(fault));
    }
    if (now > time_point::max() - longest_expiry) {
        return failed("the clock is out of range");
    }
    const std::string timestamp = amz_timestamp(now);
    // "If you created a presigned URL using a temporary token, then the URL expires when the token expires": so it
    // says.
    std::chrono::seconds life = options.expires.value_or(url_expiry_);
    if (credentials->expires) {
        // From the second that stands in X-Amz-Date: what is left of it is no life of the URL's.
        const auto left = std::chrono::floor<std::chrono::seconds>(*credentials->expires -
                                                                   std::chrono::floor<std::chrono::seconds>(now));
        life = std::min(life, std::max(left, std::chrono::seconds(1)));
    }
    const std::string path = s3_path(address_, key);
    const v4_object object(m, address_.authority, path, options);
    v4_scope scope;
    scope.access_key_id = credentials->access_key_id;
    scope.session_token = credentials->session_token.reveal();
    scope.region = address_.region;
    scope.timestamp = timestamp;
    const auto day_key = signing_key(credentials, scope.timestamp.substr(0, 8));
    auto presigned = v4_presign(object.request(), scope, life, *day_key);
    if (!presigned) {
        return presigned.error();
    }

    auto made = request_to(address_);
    made.target = std::move(presigned->target);
    // S3 counts from X-Amz-Date, which has no fractions.
    made.expires = std::chrono::floor<std::chrono::seconds>(now) + life;
    if (credentials->expires) {
        made.expires = std::min(made.expires, *credentials->expires);
    }
    return made;
}

std::shared_ptr<const hmac_key> s3_signer::signing_key(const identity::aws_credentials_ptr& credentials,
                                                       std::string_view date) {
    {
        const std::lock_guard lock(key_mutex_);
        if (key_ && key_credentials_ == credentials && key_date_ == date) {
            return key_;
        }
    }
    sha256_digest bytes = v4_signing_key(credentials->secret_access_key.reveal(), date, address_.region, "s3");
    auto key = std::make_shared<const hmac_key>(bytes);
    wipe(bytes);

    const std::lock_guard lock(key_mutex_);
    key_ = key;
    key_credentials_ = credentials;
    key_date_ = date;
    return key;
}

signing make_s3_signing(const config::store& store, const identity::environment& env, wall_clock clock) {
    config::store whole = store;
    if (!whole.endpoint) { // AWS SDKs and Tools Reference Guide, "Dual-stack and FIPS endpoints"
        whole.fips = whole.fips || identity::is_true(env, "AWS_USE_FIPS_ENDPOINT");
        whole.dual_stack = whole.dual_stack || identity::is_true(env, "AWS_USE_DUALSTACK_ENDPOINT");
    }
    if (store.anonymous) {
        return {std::make_unique<s3_signer>(whole, nullptr, std::move(clock)), {}};
    }
    if (const auto* keys = std::get_if<config::static_keys>(&store.credentials)) {
        identity::aws_credentials fixed_keys{keys->access_key_id, keys->secret_access_key, keys->session_token};
        auto provider = std::make_shared<identity::fixed<identity::aws_credentials>>(std::move(fixed_keys));
        return {std::make_unique<s3_signer>(whole, std::move(provider), std::move(clock)), {}, keys->access_key_id};
    }
    auto renewed = std::make_shared<identity::renewed<identity::aws_credentials>>(
        identity::aws_default_chain(env, clock, {whole.region, whole.fips}), clock);
    auto made = std::make_unique<s3_signer>(whole, renewed, std::move(clock));
    return {std::move(made), {std::move(renewed)}};
}

} // namespace sluice::sign
