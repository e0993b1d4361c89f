#pragma once

#include <sluice/base/clock.hpp>
#include <sluice/identity/azure/token.hpp>
#include <sluice/identity/environment.hpp>
#include <sluice/identity/form.hpp>
#include <sluice/identity/http_client.hpp>
#include <sluice/identity/source.hpp>

#include <memory>
#include <string>

/// The links of Azure's default chain.
namespace sluice::identity::azure {

/// What all of them do: send one request and read the token in its response.
class token_source : public source<bearer_token> {
public:
    /// `client_id`: of the wanted identity; "": the service's default.
    token_source(std::string name, wall_clock clock, std::string client_id);

    awaitable<result<bearer_token>> fetch(http_client& client) final;
    [[nodiscard]] std::string name() const final { return name_; }

protected:
    struct prepared_request {
        http_request http;
        secret sent; ///< the secret in it, which no message may repeat; "": none
    };
    /// The next request; built anew for each, since files and times change.
    [[nodiscard]] virtual result<prepared_request> prepare() const = 0;
    [[nodiscard]] const std::string& client_id() const noexcept { return client_id_; }

private:
    const std::string name_;
    const wall_clock clock_;
    const std::string client_id_;
};

/// A source whose every fetch fails, and not only for now: the environment selects the link `name` but does not
/// configure it fully or validly. `why` tells the operator.
[[nodiscard]] std::unique_ptr<source<bearer_token>> misconfigured(std::string name, std::string why);

/// `target` without any "/" at its end.
[[nodiscard]] std::string without_trailing_slash(std::string target);

/// Workload identity with the federated token of `token_file` (AZURE_FEDERATED_TOKEN_FILE), as AKS sets it up.
[[nodiscard]] std::unique_ptr<source<bearer_token>> workload_identity(const environment& env, wall_clock clock,
                                                                      std::string token_file);

/// Managed identity of App Service, Functions and Container Apps at `endpoint` (IDENTITY_ENDPOINT).
[[nodiscard]] std::unique_ptr<source<bearer_token>> app_service(const environment& env, wall_clock clock,
                                                                const std::string& endpoint);

/// Managed identity of a virtual machine.
[[nodiscard]] std::unique_ptr<source<bearer_token>> instance_metadata(const environment& env, wall_clock clock);

} // namespace sluice::identity::azure
