#include <sluice/identity/credential_text.hpp>

#include "parts.hpp"

#include <utility>

namespace sluice::identity::azure {

namespace {

constexpr std::string_view imds_name = "Azure instance metadata";
constexpr std::string_view app_service_name = "Azure App Service identity";

// The query of both managed identity services. AZURE_CLIENT_ID picks one of several user-assigned identities.
std::string managed_query(std::string_view version, const std::string& client_id) {
    form_pairs pairs{{"api-version", version}, {"resource", azure_storage_resource}};
    if (!client_id.empty()) {
        pairs.emplace_back("client_id", client_id);
    }
    return std::string(encode_form(pairs).reveal());
}

std::string with_query(std::string target, std::string_view query) {
    target += target.find('?') == std::string::npos ? '?' : '&';
    target += query;
    return target;
}

// Managed identity of a machine (learn.microsoft.com, "How to use managed identities for Azure resources on an Azure VM
// to acquire an access token"). `place`: of `http://169.254.169.254`, or what stands in for it.
class imds_source final : public token_source {
public:
    imds_source(wall_clock clock, service_url place, std::string client_id)
        : token_source(std::string(imds_name), std::move(clock), std::move(client_id))
        , place_(std::move(place)) {}

private:
    [[nodiscard]] result<prepared_request> prepare() const override {
        prepared_request r{get_from(place_), {}};
        r.http.target = with_query(without_trailing_slash(place_.target) + "/metadata/identity/oauth2/token",
                                   managed_query("2018-02-01", client_id()));
        r.http.fields.emplace_back("Metadata", secret("true"));
        return r;
    }
    const service_url place_;
};

// Managed identity of App Service, Functions and Container Apps (learn.microsoft.com, "How to use managed identities
// for App Service", REST endpoint reference, 2019-08-01).
class app_service_source final : public token_source {
public:
    app_service_source(wall_clock clock, service_url endpoint, secret header, std::string client_id)
        : token_source(std::string(app_service_name), std::move(clock), std::move(client_id))
        , endpoint_(std::move(endpoint))
        , header_(std::move(header)) {}

private:
    [[nodiscard]] result<prepared_request> prepare() const override {
        prepared_request r{get_from(endpoint_), header_};
        r.http.target = with_query(endpoint_.target, managed_query("2019-08-01", client_id()));
        r.http.fields.emplace_back("X-IDENTITY-HEADER", header_);
        return r;
    }
    const service_url endpoint_;
    const secret header_;
};

} // namespace

std::unique_ptr<source<bearer_token>> app_service(const environment& env, wall_clock clock,
                                                  const std::string& endpoint) {
    const std::string name(app_service_name);
    const auto header = env("IDENTITY_HEADER");
    if (!header) {
        return misconfigured(name, env("IMDS_ENDPOINT") ? "Azure Arc is not supported (IMDS_ENDPOINT is set)"
                                                        : "IDENTITY_ENDPOINT is set, but IDENTITY_HEADER is not");
    }
    if (env("IDENTITY_SERVER_THUMBPRINT")) {
        return misconfigured(name, "Service Fabric is not supported (IDENTITY_SERVER_THUMBPRINT is set)");
    }
    auto place = parse_service_url(endpoint);
    if (!place) {
        return misconfigured(name, "IDENTITY_ENDPOINT is not an http or https URL");
    }
    if (!is_printable_ascii(*header)) {
        return misconfigured(name, "IDENTITY_HEADER " + std::string(not_printable));
    }
    return std::make_unique<app_service_source>(std::move(clock), *std::move(place), secret(*header),
                                                env("AZURE_CLIENT_ID").value_or(""));
}

std::unique_ptr<source<bearer_token>> instance_metadata(const environment& env, wall_clock clock) {
    auto place = parse_service_url(env("AZURE_POD_IDENTITY_AUTHORITY_HOST").value_or("http://169.254.169.254"));
    if (!place || place->target.find('?') != std::string::npos) {
        return misconfigured(std::string(imds_name), "AZURE_POD_IDENTITY_AUTHORITY_HOST is not an http URL");
    }
    return std::make_unique<imds_source>(std::move(clock), *std::move(place), env("AZURE_CLIENT_ID").value_or(""));
}

} // namespace sluice::identity::azure
