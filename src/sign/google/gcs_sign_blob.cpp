#include <sluice/base/base64.hpp>
#include <sluice/base/secret_json.hpp>
#include <sluice/base/text.hpp>
#include <sluice/identity/google/responses.hpp>
#include <sluice/sign/crypto.hpp>
#include <sluice/sign/google/gcs_sign_blob.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <utility>

namespace sluice::sign {

namespace {

constexpr std::string_view service = "IAM Credentials signBlob";

std::string sign_blob_path(const identity::service_url& endpoint, std::string_view account) {
    std::string path = endpoint.target;
    path.erase(path.find_last_not_of('/') + 1);
    path += "/v1/projects/-/serviceAccounts/";
    const std::string encoded = percent_encode(account, slash::encode);
    path += encoded;
    if (const auto at = path.find("%40"); at != std::string::npos) {
        path.replace(at, 3, "@"); // as Google's own libraries write it
    }
    path += ":signBlob";
    return path;
}

bool is_transient(const result<identity::http_response>& response) {
    return response && (response->status == 500 || (response->status >= 502 && response->status <= 504));
}

/// {"keyId", "signedBlob": base64}
result<std::string> read_signature(const result<identity::http_response>& response, const secret& sent) {
    if (!response || response->status != 200) {
        error refused = identity::google_error(service, response, {sent.reveal()});
        const bool token_refused = response && response->status == 401;
        refused.code = token_refused ? errc::no_credentials : errc::sign_failed;
        refused.retryable = refused.retryable || token_refused; // a refresh may bring a valid one
        return refused;
    }
    const secret_json json(response->body.reveal());
    const auto signature = base64_decode(json.text("signedBlob"));
    if (!signature || signature->empty() || signature->reveal().size() > 1024) {
        error invalid = identity::invalid_google_response(service, "the response has no valid signedBlob");
        invalid.code = errc::sign_failed;
        return invalid;
    }
    return std::string(signature->reveal());
}

} // namespace

identity::service_url iam_credentials_endpoint(const identity::environment& env, std::string_view universe) {
    constexpr std::string_view name = "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS";
    if (const auto set = env(name)) {
        return identity::parse_google_url(*set, name);
    }
    return identity::parse_google_url("https://iamcredentials." + std::string(universe), "IAM Credentials");
}

awaitable<result<std::string>> sign_blob::sign(std::string_view bytes) {
    const boost::json::object body{{"payload", base64_encode(bytes)}};
    identity::http_request request =
        identity::post_to(endpoint_, "application/json", secret(boost::json::serialize(body)));
    request.target = sign_blob_path(endpoint_, account_);
    request.fields.emplace_back("Authorization", identity::bearer_field(token_));
    request.timeout = std::chrono::seconds(3); // a client is waiting

    const auto ex = co_await asio::this_coro::executor;
    auto pause = how_.pause;
    for (unsigned n = 1;; ++n) {
        const auto response = co_await client_.send(request);
        if (n >= how_.tries || !is_transient(response)) {
            co_return read_signature(response, token_);
        }
        steady_timer timer(ex, pause);
        co_await timer.async_wait(use_tuple);
        pause *= 2;
    }
}

} // namespace sluice::sign
