#include <sluice/config/address.hpp>
#include <sluice/identity/aws/chain.hpp>
#include <sluice/identity/azure/token.hpp>
#include <sluice/identity/credential_file.hpp>
#include <sluice/identity/form.hpp>

#include <string>
#include <utility>

namespace sluice::identity {

namespace {

// What the three sources share: a call and its answer.
class azure_source : public source<bearer_token> {
public:
    // `client_id`: of the identity that is asked for; "": the service's default.
    azure_source(std::string name, wall_clock clock, std::string client_id)
        : name_(std::move(name))
        , clock_(std::move(clock))
        , client_id_(std::move(client_id)) {}

    awaitable<result<bearer_token>> fetch(caller& by) final {
        const auto prepared = prepare();
        if (!prepared) {
            co_return prepared.error();
        }
        const auto answer = co_await by.send(prepared->what);
        if (!answer) {
            error e = answer.error();
            e.code = errc::no_credentials;
            e.detail = name_ + ": " + (e.detail.empty() ? std::string(to_string(answer.error().code)) : e.detail);
            co_return e;
        }
        auto token = read_azure_token(*answer, name_, clock_(), {prepared->sent.reveal()});
        if (token && token->subject.empty()) {
            token->subject = client_id_;
        }
        co_return token;
    }
    [[nodiscard]] std::string name() const final { return name_; }

protected:
    struct request {
        call what;
        secret sent; // must not come back in a message; "": there is none
    };
    // The next call; made anew for each, since files and times change.
    [[nodiscard]] virtual result<request> prepare() const = 0;
    [[nodiscard]] const std::string& client_id() const noexcept { return client_id_; }

private:
    const std::string name_;
    const wall_clock clock_;
    const std::string client_id_;
};

// Where the environment names an identity but not all of it, or in a way that cannot be used.
class unusable final : public source<bearer_token> {
public:
    unusable(std::string name, std::string why)
        : name_(std::move(name))
        , why_(std::move(why)) {}
    awaitable<result<bearer_token>> fetch(caller& by) override {
        (void)by;
        co_return error{errc::no_credentials, error_source::internal, false, name_ + ": " + why_};
    }
    [[nodiscard]] std::string name() const override { return name_; }

private:
    const std::string name_;
    const std::string why_;
};

std::unique_ptr<source<bearer_token>> unusable_one(std::string name, std::string why) {
    return std::make_unique<unusable>(std::move(name), std::move(why));
}

// The query of both managed identity services. AZURE_CLIENT_ID picks one of several user-assigned identities.
std::string managed_query(std::string_view version, const std::string& client_id) {
    form_pairs pairs{{"api-version", version}, {"resource", azure_storage_resource}};
    if (!client_id.empty()) {
        pairs.emplace_back("client_id", client_id);
    }
    return std::string(encode_form(pairs).reveal());
}

std::string joined(std::string target, std::string_view query) {
    target += target.find('?') == std::string::npos ? '?' : '&';
    target += query;
    return target;
}

std::string without_slash(std::string target) {
    while (target.ends_with('/')) {
        target.pop_back();
    }
    return target;
}

constexpr const char* imds_name = "Azure instance metadata";
constexpr const char* app_service_name = "Azure App Service identity";
constexpr const char* workload_name = "Azure workload identity";

// Managed identity of a machine (learn.microsoft.com, "How to use managed identities for Azure resources on an Azure VM
// to acquire an access token"). `place`: of `http://169.254.169.254`, or what stands in for it.
class azure_imds final : public azure_source {
public:
    azure_imds(wall_clock clock, service_url place, std::string client_id)
        : azure_source(imds_name, std::move(clock), std::move(client_id))
        , place_(std::move(place)) {}

private:
    [[nodiscard]] result<request> prepare() const override {
        request r{get_from(place_), {}};
        r.what.target = joined(without_slash(place_.target) + "/metadata/identity/oauth2/token",
                               managed_query("2018-02-01", client_id()));
        r.what.fields.emplace_back("Metadata", secret("true"));
        return r;
    }
    const service_url place_;
};

// Managed identity of App Service, Functions and Container Apps (learn.microsoft.com, "How to use managed identities
// for App Service", REST endpoint reference, 2019-08-01).
class azure_app_service final : public azure_source {
public:
    azure_app_service(wall_clock clock, service_url endpoint, secret header, std::string client_id)
        : azure_source(app_service_name, std::move(clock), std::move(client_id))
        , endpoint_(std::move(endpoint))
        , header_(std::move(header)) {}

private:
    [[nodiscard]] result<request> prepare() const override {
        request r{get_from(endpoint_), header_};
        r.what.target = joined(endpoint_.target, managed_query("2019-08-01", client_id()));
        r.what.fields.emplace_back("X-IDENTITY-HEADER", header_);
        return r;
    }
    const service_url endpoint_;
    const secret header_;
};

// Workload identity: a federated token, as AKS mounts it, exchanged for one of Entra ID (learn.microsoft.com,
// "Microsoft identity platform and the OAuth 2.0 client credentials flow", third case).
class azure_workload_identity final : public azure_source {
public:
    // `authority`: of `https://login.microsoftonline.com/`. `token_file` is read anew each time: the kubelet rotates
    // it.
    azure_workload_identity(wall_clock clock, const service_url& authority, const std::string& tenant,
                            std::string client_id, std::string token_file)
        : azure_source(workload_name, std::move(clock), std::move(client_id))
        , place_{authority.place,
                 without_slash(authority.target) + "/" + percent_encoded(tenant) + "/oauth2/v2.0/token"}
        , token_file_(std::move(token_file)) {}

private:
    [[nodiscard]] result<request> prepare() const override {
        auto assertion = read_token_file(token_file_);
        if (!assertion) {
            error e = assertion.error();
            e.detail = name() + ": " + e.detail;
            return e;
        }
        const std::string scope = std::string(azure_storage_resource) + ".default";
        call what =
            post_form(place_, {{"grant_type", "client_credentials"},
                               {"client_id", client_id()},
                               {"scope", scope},
                               {"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
                               {"client_assertion", assertion->reveal()}});
        return request{std::move(what), *std::move(assertion)};
    }
    const service_url place_;
    const std::string token_file_;
};

std::unique_ptr<source<bearer_token>> workload_identity(const environment& env, wall_clock clock,
                                                        std::string token_file) {
    const std::string name = workload_name;
    auto client_id = env("AZURE_CLIENT_ID");
    const auto tenant = env("AZURE_TENANT_ID");
    if (!client_id || !tenant) {
        return unusable_one(name, "AZURE_FEDERATED_TOKEN_FILE is set, but AZURE_CLIENT_ID or AZURE_TENANT_ID is not");
    }
    const auto authority =
        parse_service_url(env("AZURE_AUTHORITY_HOST").value_or("https://login.microsoftonline.com/"));
    if (!authority || authority->target.find('?') != std::string::npos) {
        return unusable_one(name, "AZURE_AUTHORITY_HOST is not an https URL");
    }
    // The assertion would go out in the clear. To this machine alone, so that tests and local stand-ins need no
    // certificate.
    if (!authority->place.tls && !config::is_loopback(authority->place)) {
        return unusable_one(name, "AZURE_AUTHORITY_HOST must be https");
    }
    return std::make_unique<azure_workload_identity>(std::move(clock), *authority, *tenant, std::move(*client_id),
                                                     std::move(token_file));
}

std::unique_ptr<source<bearer_token>> app_service(const environment& env, wall_clock clock,
                                                  const std::string& endpoint) {
    const std::string name = app_service_name;
    const auto header = env("IDENTITY_HEADER");
    if (!header) {
        return unusable_one(name, env("IMDS_ENDPOINT") ? "Azure Arc is not supported"
                                                       : "IDENTITY_ENDPOINT is set, but IDENTITY_HEADER is not");
    }
    if (env("IDENTITY_SERVER_THUMBPRINT")) {
        return unusable_one(name, "Service Fabric is not supported");
    }
    auto place = parse_service_url(endpoint);
    if (!place) {
        return unusable_one(name, "IDENTITY_ENDPOINT is not an http or https URL");
    }
    if (!is_plain_text(*header)) {
        return unusable_one(name, "IDENTITY_HEADER holds a line break or another byte that no field has");
    }
    return std::make_unique<azure_app_service>(std::move(clock), *std::move(place), secret(*header),
                                               env("AZURE_CLIENT_ID").value_or(""));
}

} // namespace

std::unique_ptr<source<bearer_token>> azure_default_chain(const environment& env, wall_clock clock) {
    if (auto token_file = env("AZURE_FEDERATED_TOKEN_FILE")) {
        return workload_identity(env, std::move(clock), std::move(*token_file));
    }
    if (const auto endpoint = env("IDENTITY_ENDPOINT")) {
        return app_service(env, std::move(clock), *endpoint);
    }
    auto place = parse_service_url(env("AZURE_POD_IDENTITY_AUTHORITY_HOST").value_or("http://169.254.169.254"));
    if (!place || place->target.find('?') != std::string::npos) {
        return unusable_one(imds_name, "AZURE_POD_IDENTITY_AUTHORITY_HOST is not an http URL");
    }
    return std::make_unique<azure_imds>(std::move(clock), *std::move(place), env("AZURE_CLIENT_ID").value_or(""));
}

} // namespace sluice::identity
