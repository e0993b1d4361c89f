#include <sluice/base/text.hpp>
#include <sluice/config/address.hpp>
#include <sluice/identity/credential_file.hpp>

#include "parts.hpp"

#include <utility>

namespace sluice::identity::azure {

namespace {

constexpr std::string_view workload_name = "Azure workload identity";

// Workload identity: a federated token, as AKS mounts it, exchanged for one of Entra ID (learn.microsoft.com,
// "Microsoft identity platform and the OAuth 2.0 client credentials flow", third case).
class workload_identity_source final : public token_source {
public:
    // `authority`: of `https://login.microsoftonline.com/`. `token_file` is read anew each time: the kubelet rotates
    // it.
    workload_identity_source(wall_clock clock, const service_url& authority, const std::string& tenant,
                             std::string client_id, std::string token_file)
        : token_source(std::string(workload_name), std::move(clock), std::move(client_id))
        , place_{authority.server, without_trailing_slash(authority.target) + "/" +
                                       percent_encode(tenant, slash::encode) + "/oauth2/v2.0/token"}
        , token_file_(std::move(token_file)) {}

private:
    [[nodiscard]] result<prepared_request> prepare() const override {
        auto assertion = read_token_file(token_file_);
        if (!assertion) {
            error e = assertion.error();
            e.detail = name() + ": " + e.detail;
            return e;
        }
        const std::string scope = std::string(azure_storage_resource) + ".default";
        http_request request =
            post_form(place_, {{"grant_type", "client_credentials"},
                               {"client_id", client_id()},
                               {"scope", scope},
                               {"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
                               {"client_assertion", assertion->reveal()}});
        return prepared_request{std::move(request), *std::move(assertion)};
    }
    const service_url place_;
    const std::string token_file_;
};

} // namespace

std::unique_ptr<source<bearer_token>> workload_identity(const environment& env, wall_clock clock,
                                                        std::string token_file) {
    const std::string name(workload_name);
    auto client_id = env("AZURE_CLIENT_ID");
    const auto tenant = env("AZURE_TENANT_ID");
    if (!client_id || !tenant) {
        return misconfigured(name, "AZURE_FEDERATED_TOKEN_FILE is set, but AZURE_CLIENT_ID or AZURE_TENANT_ID is not");
    }
    const auto authority =
        parse_service_url(env("AZURE_AUTHORITY_HOST").value_or("https://login.microsoftonline.com/"));
    if (!authority || authority->target.find('?') != std::string::npos) {
        return misconfigured(name, "AZURE_AUTHORITY_HOST is not an https URL");
    }
    // Over http the assertion could be read on the way. Loopback is allowed, so that tests and local stand-ins need no
    // certificate.
    if (!authority->server.tls && !config::is_loopback(authority->server)) {
        return misconfigured(name, "AZURE_AUTHORITY_HOST must be https");
    }
    return std::make_unique<workload_identity_source>(std::move(clock), *authority, *tenant, std::move(*client_id),
                                                      std::move(token_file));
}

} // namespace sluice::identity::azure
