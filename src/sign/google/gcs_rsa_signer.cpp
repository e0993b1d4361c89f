#include <sluice/sign/google/gcs_rsa_signer.hpp>

#include "../with_timeout.hpp"

#include <optional>
#include <utility>

namespace sluice::sign {

gcs_rsa_signer::gcs_rsa_signer(const config::store& store, std::string_view universe, std::string email,
                               std::shared_ptr<const identity::rsa_key> key, wall_clock clock, std::size_t capacity)
    : urls_(store, universe, std::move(clock), max_presigned_lifetime, capacity)
    , email_(std::move(email))
    , signing_(std::move(key)) {}

awaitable<result<signed_request>> gcs_rsa_signer::sign(std::string_view key, method m) {
    const presign_options none;
    auto made = co_await urls_.get(signing_, email_, key, m, none, gcs_rsa_urls::purpose::fetch);
    co_return made;
}

awaitable<result<signed_request>> gcs_rsa_signer::presign(net::connection_pool& pool, std::string_view key, method m,
                                                          const presign_options& options) {
    (void)pool; // needs no request
    auto task = presign_owning(std::string(key), m, options);
    auto made = co_await with_timeout(std::move(task), options.deadline);
    co_return urls_.or_cached(std::move(made), email_, key, m, options);
}

/// `presign` as a task of its own that may outlive its caller: many may wait for the threads.
awaitable<result<signed_request>> gcs_rsa_signer::presign_owning(std::string key, method m, presign_options options) {
    auto made = co_await urls_.get(signing_, email_, key, m, options, gcs_rsa_urls::purpose::redirect);
    co_return made;
}

void gcs_rsa_signer::forget(std::string_view key, method m) {
    urls_.forget(email_, key, m);
}

awaitable<result<std::string>> gcs_rsa_signer::local_rsa_signing::sign(std::string_view bytes) {
    ++count;
    auto work = [key = key_, text = std::string(bytes)] { return key->sign(text); };
    auto signature = co_await threads_.run(std::move(work));
    if (!signature) {
        co_return error{errc::sign_failed, error_source::internal, false, "OpenSSL cannot sign with the RSA key"};
    }
    co_return std::move(*signature);
}

} // namespace sluice::sign
