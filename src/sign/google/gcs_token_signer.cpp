#include <sluice/config/address.hpp>
#include <sluice/identity/google/responses.hpp>
#include <sluice/sign/google/gcs_token_signer.hpp>

#include "../with_timeout.hpp"

#include <stdexcept>
#include <utility>

namespace sluice::sign {

gcs_token_signer::gcs_token_signer(const config::store& store,
                                   std::shared_ptr<const identity::provider<identity::bearer_token>> provider,
                                   wall_clock clock, setup how, std::size_t capacity)
    : urls_(store, how.universe, clock, max_lifetime, capacity)
    , provider_(std::move(provider))
    , clock_(std::move(clock))
    , how_(std::move(how)) {
    if (provider_ && store.endpoint && !store.endpoint->tls && !config::is_loopback(*store.endpoint)) {
        throw std::invalid_argument("a GCS store without a key needs an https endpoint: it is sent a token");
    }
}

result<gcs_token_signer::token_ptr> gcs_token_signer::usable_token() const {
    token_ptr token = provider_->current();
    if (!token || token->token.empty()) {
        return error{errc::no_credentials, error_source::internal, true, "there is no access token yet"};
    }
    if (token->expires && *token->expires <= clock_()) {
        return error{errc::no_credentials, error_source::internal, true, "the access token has expired"};
    }
    return token;
}

awaitable<result<signed_request>> gcs_token_signer::sign(std::string_view key, method m) {
    (void)m; // a token works with any method
    auto made = urls_.urls().plain(key);
    if (!made || !provider_) {
        co_return made;
    }
    const auto token = usable_token();
    if (!token) {
        co_return token.error();
    }
    made->fields.emplace_back("Authorization", identity::bearer_field((*token)->token));
    made->only_signed_extensions = false;
    made->expires = (*token)->expires.value_or(made->expires);
    co_return made;
}

awaitable<result<signed_request>> gcs_token_signer::presign(net::connection_pool& pool, std::string_view key, method m,
                                                            const presign_options& options) {
    auto task = presign_owning(pool, std::string(key), m, options);
    auto made = co_await with_timeout(std::move(task), options.deadline);
    if (made || !provider_) {
        co_return made;
    }
    const auto token = provider_->current(); // an expired one also tells the account
    co_return urls_.or_cached(std::move(made), token ? account_of(*token) : how_.account, key, m, options);
}

/// `presign` as a task of its own that may outlive its caller.
awaitable<result<signed_request>> gcs_token_signer::presign_owning(net::connection_pool& pool, std::string key,
                                                                   method m, presign_options options) {
    identity::pooled_http_client by(pool);
    auto made = co_await presign_by(by, key, m, options);
    co_return made;
}

void gcs_token_signer::forget(std::string_view key, method m) {
    // `sign` caches nothing, and whether a store refuses what clients were given is not seen here.
    (void)key;
    (void)m;
}

awaitable<result<signed_request>> gcs_token_signer::presign_by(identity::http_client& by, std::string_view key,
                                                               method m, const presign_options& options) {
    if (!provider_) {
        co_return urls_.urls().plain(key);
    }
    const auto token = usable_token();
    if (!token) {
        co_return token.error();
    }
    const std::string account = account_of(**token);
    if (account.empty() && (*token)->subject_pending) {
        co_return error{
            errc::no_credentials, error_source::internal, true,
            "the service account that signs URLs is not known yet: the metadata server has not returned its "
            "e-mail"};
    }
    // A GKE workload without a service account is a principal `<project>.svc.id.goog`; a federated one has no name.
    if (account.find('@') == std::string::npos) {
        co_return error{errc::sign_failed, error_source::internal, false,
                        "the identity is not a service account and cannot sign URLs: set the store's \"signer\""};
    }
    sign_blob with(by, how_.iam, account, (*token)->token, how_.retries);
    auto made = co_await urls_.get(with, account, key, m, options, gcs_rsa_urls::purpose::redirect);
    co_return made;
}

} // namespace sluice::sign
