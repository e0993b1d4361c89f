#include <sluice/sign/google/gcs_rsa_urls.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace sluice::sign {

namespace {

/// All that makes a URL what it is, but its method and time; nothing in it can pass for something else.
std::string id_of(std::string_view account, std::string_view key, const presign_options& options) {
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

/// What it throws, as where the wait was cut, is a failure like another.
awaitable<result<std::string>> ask(rsa_signing& with, std::string_view bytes) {
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
                           std::chrono::seconds longest, std::size_t capacity)
    : urls_(store, universe)
    , clock_(std::move(clock))
    , longest_(longest)
    , kept_(capacity)
    , flights_(error{errc::sign_failed, error_source::internal, true, "who signed it gave up"}) {}

awaitable<result<signed_request>> gcs_rsa_urls::get(rsa_signing& with, std::string_view account, std::string_view key,
                                                    method m, const presign_options& options, use by) {
    if (options.at) {
        auto dated = co_await make(with, account, key, m, options, *options.at);
        co_return dated;
    }
    const std::string id = id_of(account, key, options);
    if (const auto kept = find(id, m, clock_(), options, by)) {
        co_return *kept;
    }
    // Those who may be given different ones do not share.
    auto ticket = flights_.enter((m == method::get ? "G" : "H") + std::string(by == use::own ? "o" : "x") + id);
    if (!ticket.leads()) {
        const auto ex = co_await asio::this_coro::executor;
        const auto shared = co_await ticket.wait(ex);
        if (!shared) {
            co_return shared.error();
        }
        co_return **shared;
    }
    const time_point now = clock_();
    // Another leader may have landed between the look and the ticket.
    auto url = find(id, m, now, options, by);
    if (!url) {
        auto made = co_await make(with, account, key, m, options, now);
        if (made) {
            url = std::make_shared<const signed_request>(std::move(*made));
            kept_.put(id, m, now, nullptr, url);
        } else if (url = find_old(id, m, options, by); !url) {
            ticket.land(made.error());
            co_return made.error();
        }
    }
    ticket.land(url);
    co_return *url;
}

result<signed_request> gcs_rsa_urls::or_kept(result<signed_request> made, std::string_view account,
                                             std::string_view key, method m, const presign_options& options) {
    if (!made && made.error().retryable && !options.at) {
        if (const auto kept = find_old(id_of(account, key, options), m, options, use::others)) {
            return *kept;
        }
    }
    return made;
}

void gcs_rsa_urls::forget(std::string_view account, std::string_view key, method m) {
    kept_.erase(id_of(account, key, {}), m);
}

gcs_rsa_urls::time_point::duration gcs_rsa_urls::half_life(const presign_options& options) const {
    return time_point::duration(std::clamp(urls_.life(options), std::chrono::seconds(0), longest_)) / 2;
}

gcs_rsa_urls::kept_url gcs_rsa_urls::find(const std::string& id, method m, time_point now,
                                          const presign_options& options, use by) {
    auto kept = kept_.find(id, m, now, nullptr);
    if (kept && by == use::others && kept->expires - now < half_life(options)) {
        return nullptr;
    }
    return kept;
}

gcs_rsa_urls::kept_url gcs_rsa_urls::find_old(const std::string& id, method m, const presign_options& options, use by) {
    // As long as one of ours needs to begin; whoever is sent elsewhere may pause, or seek, and begin again.
    const auto left = by == use::own ? std::chrono::seconds(5)
                                     : std::min<time_point::duration>(half_life(options), std::chrono::seconds(60));
    return kept_.find_old(id, m, clock_(), left);
}

awaitable<result<signed_request>> gcs_rsa_urls::make(rsa_signing& with, std::string_view account, std::string_view key,
                                                     method m, const presign_options& options, time_point at) {
    auto url = urls_.prepare({key, m, account, &goog4_rsa, at, longest_}, options);
    if (!url) {
        co_return url.error();
    }
    if (auto known = failure_.refusal(clock_())) {
        co_return *known;
    }
    const auto signature = co_await ask(with, url->v4.steps.string_to_sign);
    if (!signature) {
        failure_.failed(signature.error(), clock_());
        co_return signature.error();
    }
    failure_.succeeded();
    co_return gcs_urls::complete(std::move(*url), as_key(*signature));
}

} // namespace sluice::sign
