#include <sluice/sign/google/gcs_rsa_urls.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace sluice::sign {

namespace {

/// The cache key of a URL without its method: all that it depends on but the time. Lengths keep the parts apart.
std::string cache_key(std::string_view account, std::string_view key, const presign_options& options) {
    std::string id;
    id.reserve(account.size() + key.size() + options.response_content_type.size() +
               options.response_content_disposition.size() + 48);
    for (const std::string_view part : {account, std::string_view(options.response_content_type),
                                        std::string_view(options.response_content_disposition)}) {
        id += std::to_string(part.size());
        id += ':';
        id += part;
    }
    id += options.expires ? std::to_string(options.expires->count()) : std::string();
    id += ':';
    id += key;
    return id;
}

/// An exception, as of a wait that was cancelled, becomes an error like any other.
awaitable<result<std::string>> signature_by(rsa_signing& with, std::string_view bytes) {
    std::string what;
    try {
        auto signature = co_await with.sign(bytes);
        co_return signature;
    } catch (const std::exception& e) {
        what = e.what();
    }
    co_return error{errc::sign_failed, error_source::origin, true, "no signature: " + what};
}

} // namespace

gcs_rsa_urls::gcs_rsa_urls(const config::store& store, std::string_view universe, wall_clock clock,
                           std::chrono::seconds max_lifetime, std::size_t capacity)
    : urls_(store, universe)
    , clock_(std::move(clock))
    , max_lifetime_(max_lifetime)
    , cache_(capacity)
    , flights_(error{errc::sign_failed, error_source::internal, true,
                     "the request that was signing this URL was cancelled"}) {}

awaitable<result<signed_request>> gcs_rsa_urls::get(rsa_signing& with, std::string_view account, std::string_view key,
                                                    method m, const presign_options& options, purpose why) {
    if (options.at) {
        auto dated = co_await make(with, account, key, m, options, *options.at);
        co_return dated;
    }
    const std::string id = cache_key(account, key, options);
    if (const auto cached = find(id, m, clock_(), options, why)) {
        co_return *cached;
    }
    // Only requests with the same purpose share one, since others may be content with an older URL.
    auto flight = flights_.join((m == method::get ? "G" : "H") + std::string(why == purpose::fetch ? "o" : "x") + id);
    if (!flight.leads()) {
        const auto ex = co_await asio::this_coro::executor;
        const auto shared = co_await flight.wait(ex);
        if (!shared) {
            co_return shared.error();
        }
        co_return **shared;
    }
    const time_point now = clock_();
    // Another leader may have finished between `find` and `enter`.
    auto url = find(id, m, now, options, why);
    if (!url) {
        auto made = co_await make(with, account, key, m, options, now);
        if (made) {
            url = std::make_shared<const signed_request>(std::move(*made));
            cache_.put(id, m, now, nullptr, url);
        } else if (url = find_old(id, m, options, why); !url) {
            flight.complete(made.error());
            co_return made.error();
        }
    }
    flight.complete(url);
    co_return *url;
}

result<signed_request> gcs_rsa_urls::or_cached(result<signed_request> made, std::string_view account,
                                               std::string_view key, method m, const presign_options& options) {
    if (!made && made.error().retryable && !options.at) {
        if (const auto cached = find_old(cache_key(account, key, options), m, options, purpose::redirect)) {
            return *cached;
        }
    }
    return made;
}

void gcs_rsa_urls::forget(std::string_view account, std::string_view key, method m) {
    cache_.erase(cache_key(account, key, {}), m);
}

gcs_rsa_urls::time_point::duration gcs_rsa_urls::half_life(const presign_options& options) const {
    return time_point::duration(std::clamp(urls_.life(options), std::chrono::seconds(0), max_lifetime_)) / 2;
}

gcs_rsa_urls::cached_url gcs_rsa_urls::find(const std::string& id, method m, time_point now,
                                            const presign_options& options, purpose why) {
    auto cached = cache_.find(id, m, now, nullptr);
    if (cached && why == purpose::redirect && cached->expires - now < half_life(options)) {
        return nullptr;
    }
    return cached;
}

gcs_rsa_urls::cached_url gcs_rsa_urls::find_old(const std::string& id, method m, const presign_options& options,
                                                purpose why) {
    // Our own request needs a moment to begin; a redirected client may pause or seek, and begin again.
    const auto left = why == purpose::fetch
                          ? std::chrono::seconds(5)
                          : std::min<time_point::duration>(half_life(options), std::chrono::seconds(60));
    return cache_.find_old(id, m, clock_(), left);
}

awaitable<result<signed_request>> gcs_rsa_urls::make(rsa_signing& with, std::string_view account, std::string_view key,
                                                     method m, const presign_options& options, time_point at) {
    auto url = urls_.prepare({key, m, account, &goog4_rsa, at, max_lifetime_}, options);
    if (!url) {
        co_return url.error();
    }
    const auto usable = backoff_.try_use(clock_());
    if (!usable) {
        co_return usable.error();
    }
    const auto signature = co_await signature_by(with, url->v4.steps.string_to_sign);
    if (!signature) {
        backoff_.failed(signature.error(), clock_());
        co_return signature.error();
    }
    backoff_.succeeded();
    co_return gcs_urls::complete(std::move(*url), as_key(*signature));
}

} // namespace sluice::sign
