#include <sluice/sign/aws/s3_signer.hpp>
#include <sluice/sign/signature_v4.hpp>

#include "../clamp_expiry.hpp"
#include "../v4_object.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace sluice::sign {

namespace {

error failed(std::string detail) {
    return {errc::sign_failed, error_source::internal, false, std::move(detail)};
}

// With an empty key the URL would be the bucket's, and list it.
std::string_view problem_of(std::string_view key) {
    if (key.empty()) {
        return "the key is empty";
    }
    return key.size() > s3_signer::max_key_length ? "the key is longer than 1024 bytes" : "";
}

} // namespace

s3_signer::s3_signer(const config::store& store, std::shared_ptr<const identity::aws_credentials_provider> provider,
                     wall_clock clock, std::size_t capacity)
    : address_(resolve_s3_address(store))
    , url_expiry_(clamp_expiry(store.url_expiry, max_presigned_lifetime))
    , provider_(std::move(provider))
    , clock_(std::move(clock))
    , cache_(capacity)
    , day_key_(address_.region, "s3", aws4) {}

awaitable<result<signed_request>> s3_signer::sign(std::string_view key, method m) {
    co_return sign_now(key, m);
}

awaitable<result<signed_request>> s3_signer::presign(net::connection_pool& pool, std::string_view key, method m,
                                                     const presign_options& options) {
    (void)pool; // needs no request
    co_return presign_now(key, m, options);
}

void s3_signer::forget(std::string_view key, method m) {
    cache_.erase(key, m);
}

url_key s3_signer::own_key() const {
    auto credentials = provider_ ? provider_->current() : nullptr;
    return credentials ? url_key(std::move(credentials)) : url_key();
}

result<signed_request> s3_signer::sign_now(std::string_view key, method m) {
    try {
        if (!provider_) {
            return unsigned_request(key);
        }
        const time_point now = clock_();
        const auto credentials = usable_credentials(now);
        if (!credentials) {
            return credentials.error();
        }
        if (const auto cached = cache_.find(key, m, now, *credentials)) {
            return *cached;
        }
        auto made = make(key, m, {}, now, *credentials);
        if (made) {
            cache_.put(key, m, now, *credentials, std::make_shared<const signed_request>(*made));
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
            return unsigned_request(key);
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
        return error{errc::no_credentials, error_source::internal, false, "there are no AWS credentials yet"};
    }
    if (credentials->expires && *credentials->expires <= now) {
        return error{errc::no_credentials, error_source::internal, true, "the AWS credentials have expired"};
    }
    return credentials;
}

result<signed_request> s3_signer::unsigned_request(std::string_view key) const {
    if (const auto problem = problem_of(key); !problem.empty()) {
        return failed(std::string(problem));
    }
    auto made = request_to(address_);
    made.target = object_path(address_, key);
    made.expires = time_point::max();
    return made;
}

result<signed_request> s3_signer::make(std::string_view key, method m, const presign_options& options, time_point now,
                                       const identity::aws_credentials_ptr& credentials) {
    if (const auto problem = problem_of(key); !problem.empty()) {
        return failed(std::string(problem));
    }
    if (now > time_point::max() - max_presigned_lifetime) {
        return failed("the clock is out of range");
    }
    const std::string timestamp = amz_timestamp(now);
    // "If you created a presigned URL using a temporary token, then the URL expires when the token expires":
    // X-Amz-Expires says so too.
    std::chrono::seconds life = options.expires.value_or(url_expiry_);
    if (credentials->expires) {
        // Counted from the second in X-Amz-Date: the fraction that it drops is not part of the URL's lifetime.
        const auto left = std::chrono::floor<std::chrono::seconds>(*credentials->expires -
                                                                   std::chrono::floor<std::chrono::seconds>(now));
        life = std::min(life, std::max(left, std::chrono::seconds(1)));
    }
    const std::string path = object_path(address_, key);
    const v4_object object(m, address_.authority, path, options);
    v4_scope scope;
    scope.access_key_id = credentials->access_key_id;
    scope.session_token = credentials->session_token.reveal();
    scope.region = address_.region;
    scope.timestamp = timestamp;
    const auto signing_key = day_key_.get(scope.timestamp.substr(0, 8), credentials->secret_access_key, credentials);
    auto presigned = v4_presign(object.request(), scope, life, *signing_key);
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

} // namespace sluice::sign
