#include <sluice/base/secret_json.hpp>
#include <sluice/identity/google/responses.hpp>
#include <sluice/sign/crypto.hpp>
#include <sluice/sign/google/gcs_sign_blob.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <utility>

namespace sluice::sign {

namespace {

constexpr std::string_view service = "IAM Credentials signBlob";

std::string path_of(const identity::service_url& endpoint, std::string_view account) {
    std::string path = endpoint.target;
    path.erase(path.find_last_not_of('/') + 1);
    path += "/v1/projects/-/serviceAccounts/";
    const std::string encoded = identity::percent_encoded(account);
    path += encoded;
    if (const auto at = path.find("%40"); at != std::string::npos) {
        path.replace(at, 3, "@"); // as everybody writes it
    }
    path += ":signBlob";
    return path;
}

bool worth_another_try(const result<identity::reply>& answer) {
    return answer && (answer->status == 500 || (answer->status >= 502 && answer->status <= 504));
}

/// {"keyId", "signedBlob": base64}
result<std::string> read_signature(const result<identity::reply>& answer, const secret& sent) {
    if (!answer || answer->status != 200) {
        error refused = identity::google_refusal(service, answer, {sent.reveal()});
        const bool token_refused = answer && answer->status == 401;
        refused.code = token_refused ? errc::no_credentials : errc::sign_failed;
        refused.retryable = refused.retryable || token_refused; // a renewal may bring one that is not
        return refused;
    }
    const secret_json json(answer->body.reveal());
    const auto signature = base64_decode(json.text("signedBlob"));
    if (!signature || signature->empty() || signature->reveal().size() > 1024) {
        error nonsense = identity::google_nonsense(service, "the answer holds no signature");
        nonsense.code = errc::sign_failed;
        return nonsense;
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
    const boost::json::object wanted{{"payload", base64_encode(bytes)}};
    identity::call ask = identity::post_to(endpoint_, "application/json", secret(boost::json::serialize(wanted)));
    ask.target = path_of(endpoint_, account_);
    ask.fields.emplace_back("Authorization", identity::bearer_field(token_));
    ask.timeout = std::chrono::seconds(3); // somebody waits for it

    const auto ex = co_await asio::this_coro::executor;
    auto pause = how_.pause;
    for (unsigned n = 1;; ++n) {
        const auto answer = co_await by_.send(ask);
        if (n >= how_.tries || !worth_another_try(answer)) {
            co_return read_signature(answer, token_);
        }
        steady_timer timer(ex, pause);
        co_await timer.async_wait(use_tuple);
        pause *= 2;
    }
}

} // namespace sluice::sign
