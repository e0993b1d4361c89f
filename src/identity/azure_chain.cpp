#include <sluice/config/address.hpp>
#include <sluice/identity/azure_token.hpp>
#include <sluice/identity/chains.hpp>
#include <sluice/identity/small_file.hpp>

#include <utility>
#include <vector>

namespace sluice::identity {

namespace {

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
    std::vector<std::pair<std::string_view, std::string_view>> pairs{{"api-version", version},
                                                                     {"resource", azure_storage_resource}};
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

std::unique_ptr<source<bearer_token>> workload_identity(const environment& env, wall_clock clock,
                                                        std::string token_file) {
    const std::string name = "Azure workload identity";
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
    const std::string name = "Azure App Service identity";
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

azure_imds::azure_imds(wall_clock clock, service_url place, std::string client_id)
    : azure_token_source(std::move(clock), std::move(client_id))
    , place_(std::move(place)) {}

result<azure_token_source::request> azure_imds::prepare() const {
    request r;
    r.what.place = place_.place;
    r.what.target = joined(without_slash(place_.target) + "/metadata/identity/oauth2/token",
                           managed_query("2018-02-01", client_id()));
    r.what.fields.emplace_back("Metadata", secret("true"));
    return r;
}

azure_app_service::azure_app_service(wall_clock clock, service_url endpoint, secret header, std::string client_id)
    : azure_token_source(std::move(clock), std::move(client_id))
    , endpoint_(std::move(endpoint))
    , header_(std::move(header)) {}

result<azure_token_source::request> azure_app_service::prepare() const {
    request r;
    r.what.place = endpoint_.place;
    r.what.target = joined(endpoint_.target, managed_query("2019-08-01", client_id()));
    r.what.fields.emplace_back("X-IDENTITY-HEADER", header_);
    r.sent = header_;
    return r;
}

azure_workload_identity::azure_workload_identity(wall_clock clock, const service_url& authority,
                                                 const std::string& tenant, std::string client_id,
                                                 std::string token_file)
    : azure_token_source(std::move(clock), std::move(client_id))
    , place_(authority.place)
    , target_(without_slash(authority.target) + "/" + percent_encoded(tenant) + "/oauth2/v2.0/token")
    , token_file_(std::move(token_file)) {}

result<azure_token_source::request> azure_workload_identity::prepare() const {
    auto assertion = read_token_file(token_file_);
    if (!assertion) {
        error e = assertion.error();
        e.detail = name() + ": " + e.detail;
        return e;
    }
    const std::string scope = std::string(azure_storage_resource) + ".default";
    const std::vector<std::pair<std::string_view, std::string_view>> form{
        {"grant_type", "client_credentials"},
        {"client_id", client_id()},
        {"scope", scope},
        {"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
        {"client_assertion", assertion->reveal()}};
    request r;
    r.what.method = "POST";
    r.what.place = place_;
    r.what.target = target_;
    r.what.fields.emplace_back("Content-Type", secret("application/x-www-form-urlencoded"));
    r.what.body = encode_form(form);
    r.sent = *std::move(assertion);
    return r;
}

std::unique_ptr<source<bearer_token>> azure_default_chain(const environment& env, wall_clock clock) {
    if (auto token_file = env("AZURE_FEDERATED_TOKEN_FILE")) {
        return workload_identity(env, std::move(clock), std::move(*token_file));
    }
    if (const auto endpoint = env("IDENTITY_ENDPOINT")) {
        return app_service(env, std::move(clock), *endpoint);
    }
    auto place = parse_service_url(env("AZURE_POD_IDENTITY_AUTHORITY_HOST").value_or("http://169.254.169.254"));
    if (!place || place->target.find('?') != std::string::npos) {
        return unusable_one("Azure instance metadata", "AZURE_POD_IDENTITY_AUTHORITY_HOST is not an http URL");
    }
    return std::make_unique<azure_imds>(std::move(clock), *std::move(place), env("AZURE_CLIENT_ID").value_or(""));
}

} // namespace sluice::identity
