#pragma once

#include <sluice/identity/caller.hpp>
#include <sluice/identity/credentials.hpp>
#include <sluice/identity/environment.hpp>
#include <sluice/identity/form.hpp>
#include <sluice/identity/renewal.hpp>

#include <memory>
#include <optional>
#include <string>

/// Access tokens of Microsoft Entra ID for Azure Storage: the answers of its services, and the sources that ask them.
namespace sluice::identity {

/// The audience of Azure Storage's tokens (learn.microsoft.com, "Authorize access to blobs using Microsoft Entra ID").
inline constexpr std::string_view azure_storage_resource = "https://storage.azure.com/";

/// A token as a service gave it.
struct azure_token {
    secret token;
    time_point expires;
    std::optional<time_point> renew_at{}; ///< where the service says when it wants to be asked again (`refresh_in`)
    std::string client_id{};              ///< "": it does not say
};

/// Reads the answer of a service called `who`, received at `now`: `{access_token, token_type, expires_in | expires_on,
/// refresh_in?, client_id?}`, numbers also as texts.
///
/// `expires_in` goes before `expires_on`: it does not depend on the two clocks agreeing. Errors: `no_credentials`, with
/// the service's `error` and `error_description` for a status other than 200 (retryable for 404, 408, 410, 429 and 5xx,
/// which "How to use managed identities to acquire an access token", "Retry guidance", has), and for an answer that
/// holds no good token (retryable). `sent`: a secret of the request, never to be repeated.
[[nodiscard]] result<azure_token> read_azure_token(const reply& answer, std::string_view who, time_point now,
                                                   std::string_view sent = {});

/// The value of an Authorization field (RFC 6750 §2.1).
[[nodiscard]] secret azure_bearer_field(const secret& token);

/// A service's message for people: its first line, cut at 300 bytes, bytes beyond ASCII as `?`; and nothing of it where
/// it repeats `sent`, a secret of the request ("": there is none).
[[nodiscard]] std::string azure_message(std::string_view text, std::string_view sent);

/// Turns tokens with a `renew_at` into snapshots that are renewed by it.
///
/// What renews knows only `bearer_token::expires`. So a snapshot says that it ends shortly after `renew_at`; and where
/// the service then fails until that end is near, the token that is still good is given once more, to end a little
/// later. Failures are seen in the meantime, and a token is used until its true end, but never beyond.
class azure_token_keeper {
public:
    /// What a source gives for what its service gave at `now`.
    [[nodiscard]] result<bearer_token> settle(result<azure_token> fetched, time_point now);

private:
    std::optional<azure_token> held_; ///< whose snapshot ends early
    time_point said_{};               ///< that end
};

/// What the three sources share: a call, its answer, and when to ask again.
class azure_token_source : public source<bearer_token> {
public:
    /// `client_id`: of the identity that is asked for; "": the service's default.
    azure_token_source(wall_clock clock, std::string client_id);
    awaitable<result<bearer_token>> fetch(caller& by) final;

protected:
    struct request {
        call what;
        secret sent; ///< must not come back in a message
    };
    /// The next call; made anew for each, since files and times change.
    [[nodiscard]] virtual result<request> prepare() const = 0;
    [[nodiscard]] const std::string& client_id() const noexcept { return client_id_; }

private:
    const wall_clock clock_;
    const std::string client_id_;
    azure_token_keeper keeper_;
};

/// Managed identity of a machine, from the instance metadata service (learn.microsoft.com, "How to use managed
/// identities for Azure resources on an Azure VM to acquire an access token").
class azure_imds final : public azure_token_source {
public:
    /// `place`: of `http://169.254.169.254`, or what stands in for it.
    azure_imds(wall_clock clock, service_url place, std::string client_id);
    [[nodiscard]] std::string name() const override { return "Azure instance metadata"; }

private:
    [[nodiscard]] result<request> prepare() const override;
    const service_url place_;
};

/// Managed identity of App Service, Functions and Container Apps (learn.microsoft.com, "How to use managed identities
/// for App Service", REST endpoint reference, 2019-08-01).
class azure_app_service final : public azure_token_source {
public:
    azure_app_service(wall_clock clock, service_url endpoint, secret header, std::string client_id);
    [[nodiscard]] std::string name() const override { return "Azure App Service identity"; }

private:
    [[nodiscard]] result<request> prepare() const override;
    const service_url endpoint_;
    const secret header_;
};

/// Workload identity: a federated token, as AKS mounts it, exchanged for one of Entra ID (learn.microsoft.com,
/// "Microsoft identity platform and the OAuth 2.0 client credentials flow", third case).
class azure_workload_identity final : public azure_token_source {
public:
    /// `authority`: of `https://login.microsoftonline.com/`. `token_file` is read anew each time: the kubelet rotates
    /// it.
    azure_workload_identity(wall_clock clock, const service_url& authority, const std::string& tenant,
                            std::string client_id, std::string token_file);
    [[nodiscard]] std::string name() const override { return "Azure workload identity"; }

private:
    [[nodiscard]] result<request> prepare() const override;
    config::url place_;
    std::string target_;
    const std::string token_file_;
};

} // namespace sluice::identity
