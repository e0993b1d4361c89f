#include <sluice/config/address.hpp>
#include <sluice/config/aws_endpoint.hpp>
#include <sluice/config/redact.hpp>
#include <sluice/config/store_settings.hpp>
#include <sluice/origin/identity.hpp>
#include <sluice/origin/kinds/s3.hpp>
#include <sluice/sign/aws/s3_address.hpp>
#include <sluice/sign/crypto.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <array>

namespace sluice::origin {

namespace {

constexpr auto settings = config::with_request_keys(
    std::to_array<std::string_view>({"bucket", "region", "addressing", "fips", "dual_stack", "accelerate"}));
constexpr auto credentials = std::to_array<std::string_view>({"access_key_id", "secret_access_key", "session_token"});
constexpr config::store_traits own_traits{"s3", config::key_form::flat, false, settings, credentials};

constexpr std::string_view endpoint_key = "endpoint";

/// Whether a bucket can be part of a host name (RFC 1123 §2.1; AWS "Virtual hosting of general purpose buckets").
bool fits_host_name(std::string_view bucket) {
    return bucket.size() >= 3 && bucket.size() <= 63 && bucket.back() != '-' && std::ranges::all_of(bucket, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
           });
}

result<std::string> parse_region(std::string_view text) {
    if (text.size() > 63 || !config::is_alphanumeric(text, "-_")) {
        return config::bad("must be a region's name, as in eu-central-1");
    }
    return std::string(text);
}

/// Reads `endpoint`; where the key is absent, that of the environment. Returns what named one, valid or not: `endpoint`
/// or a variable; "": nothing.
std::string_view read_s3_endpoint(config::reading& r, config::mapping& m, config::store& s) {
    read_endpoint(m, config::parse_base_url, s);
    if (const config::node* value = m.take(endpoint_key); value != nullptr) {
        const bool empty = value->what == config::node::kind::scalar && value->text.empty();
        return empty ? "" : endpoint_key;
    }
    const auto env = [&r](std::string_view name) {
        auto text = r.variable(name);
        return text.empty() ? std::nullopt : std::optional(std::move(text));
    };
    auto named = config::aws_endpoint_of(env, "AWS_ENDPOINT_URL_S3");
    if (!named) {
        return "";
    }
    take_endpoint(r, config::variable_node(named->variable, std::move(named->url)), config::parse_base_url, s);
    return named->variable;
}

/// The default of AWS SDKs and S3-compatible servers.
constexpr std::string_view default_region = "us-east-1";

/// Takes the region from the environment, in the order of the AWS SDKs. Returns false where it has none.
bool region_of_environment(config::reading& r, config::store& s) {
    for (const std::string_view name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
        if (const auto text = r.variable(name); !text.empty()) {
            const auto region = parse_region(text);
            if (!region) {
                r.add(config::variable_node(name, text), region.error().detail);
            }
            s.region = region ? *region : "";
            return true;
        }
    }
    return false;
}

/// `endpoint_by`: the result of `read_s3_endpoint`.
void read_region(config::reading& r, config::mapping& m, std::string_view endpoint_by, config::store& s) {
    const bool in_file = m.has("region");
    const config::node* value = m.read("region", s.region, parse_region);
    const bool known = !s.region.empty() || (in_file && value == nullptr); // an error was added
    if (known) {
        return;
    }
    // An endpoint in the file is not combined with the region of the environment, which is for AWS.
    if (endpoint_by != endpoint_key && region_of_environment(r, s)) {
        return;
    }
    s.region = default_region;
}

void read_addressing(config::mapping& m, config::store& s) {
    m.read_choice<config::addressing_style>("addressing", s.addressing,
                                            {{"auto", config::addressing_style::automatic},
                                             {"path", config::addressing_style::path},
                                             {"virtual", config::addressing_style::virtual_hosted}});
}

/// AWS's other endpoints (General Reference "Amazon S3 endpoints"; S3 User Guide "Transfer Acceleration").
void read_variants(config::mapping& m, bool has_bucket, std::string_view endpoint_by, config::store& s) {
    struct variant {
        std::string_view key;
        bool& on;
    };
    for (auto& [key, on] :
         {variant{"fips", s.fips}, variant{"dual_stack", s.dual_stack}, variant{"accelerate", s.accelerate}}) {
        const config::node* at = m.read_bool(key, on);
        if (at != nullptr && on && !endpoint_by.empty()) {
            m.wrong(key, *at, "and " + std::string(endpoint_by) + " are mutually exclusive: it picks one of AWS's");
        }
    }
    if (!s.accelerate) {
        return;
    }
    const config::node& at = *m.take("accelerate");
    if (s.fips) {
        m.wrong("accelerate", at, "and fips are mutually exclusive");
    }
    if (has_bucket && (!fits_host_name(s.bucket) || s.bucket.find('.') != std::string::npos)) {
        m.wrong("accelerate", at, "needs a bucket whose name can be part of a host name, without dots");
    }
}

void read_keys(config::reading& r, const config::node& where, const std::string& name, config::store& s) {
    config::mapping keys(r, where, name);
    if (!keys.is_mapping()) {
        return;
    }
    config::static_keys out;
    refuse_other_credentials(r, keys, own_traits);
    read_key_id(keys, "access_key_id", out.access_key_id);
    read_key(keys, "secret_access_key", out.secret_access_key);
    keys.read_secret("session_token", out.session_token);
    keys.finish();
    s.credentials = std::move(out);
}

std::string_view text_of(config::addressing_style style) {
    switch (style) {
    case config::addressing_style::automatic:
        return "auto";
    case config::addressing_style::path:
        return "path";
    case config::addressing_style::virtual_hosted:
        return "virtual";
    }
    return "";
}

/// The owner of what the default chain gives: a hash of an access key id that is not temporary or of a role, where the
/// environment names one; else "default-chain".
std::string owner_in(const identity::environment& env) {
    const auto id = env("AWS_ACCESS_KEY_ID");
    if (id && !env("AWS_SESSION_TOKEN")) {
        return sign::sha256_hex(*id);
    }
    const auto role = env("AWS_ROLE_ARN");
    return !id && role ? sign::sha256_hex(*role) : "default-chain";
}

class s3_stores final : public store_kind {
public:
    s3_stores()
        : store_kind(own_traits) {}

    void read(config::reading& r, config::mapping& m, config::store& s) const override {
        const bool has_bucket =
            m.need("bucket") != nullptr && m.read("bucket", s.bucket, config::parse_bucket) != nullptr;
        const auto endpoint_by = read_s3_endpoint(r, m, s);
        read_region(r, m, endpoint_by, s);
        read_addressing(m, s);
        read_variants(m, has_bucket, endpoint_by, s);
        read_requests(m, s);
        if (const config::node* value = read_credentials_of(r, m, s)) {
            read_keys(r, *value, m.full("credentials"), s);
        }
    }

    void redact(const config::store& s, boost::json::object& out) const override {
        out["bucket"] = s.bucket;
        out["region"] = s.region;
        out["addressing"] = text_of(s.addressing);
        out["fips"] = s.fips;
        out["dual_stack"] = s.dual_stack;
        out["accelerate"] = s.accelerate;
    }

    [[nodiscard]] boost::json::value redact_credentials(const config::store& s) const override {
        const auto* keys = std::get_if<config::static_keys>(&s.credentials);
        if (keys == nullptr) {
            return store_kind::redact_credentials(s);
        }
        return boost::json::object{{"access_key_id", config::redacted(keys->access_key_id)},
                                   {"secret_access_key", config::redacted(keys->secret_access_key.reveal())},
                                   {"session_token", config::redacted(keys->session_token.reveal())}};
    }

    [[nodiscard]] bool is_owned_by_key_id(const config::store& s) const override {
        return std::holds_alternative<config::static_keys>(s.credentials);
    }

    [[nodiscard]] origin::capabilities capabilities() const override { return {.plus_is_space = true}; }

    [[nodiscard]] uri_forms uris(const config::store& s) const override { return bucket_uris("s3", s.bucket); }

    [[nodiscard]] std::vector<config::url> url_places(const config::store& s,
                                                      std::string_view /*location*/) const override {
        return sign::s3_url_places(s);
    }

    [[nodiscard]] std::string identity(const config::store& s, std::string_view who, std::string_view /*location*/,
                                       const identity::environment& env) const override {
        const std::string endpoint = s.endpoint ? s.endpoint->text() : "aws:" + s.region;
        return bucket_identity(s, endpoint, who, owner_in(env));
    }

    [[nodiscard]] sign::signing make_signing(const config::store& s, const identity::environment& env,
                                             wall_clock clock) const override {
        return sign::make_s3_signing(s, env, std::move(clock));
    }

    [[nodiscard]] std::string_view fixed_credentials(const config::store& /*s*/) const override {
        return "the static keys of the configuration";
    }
};

} // namespace

const store_kind& s3_kind() noexcept {
    static const s3_stores kind;
    return kind;
}

} // namespace sluice::origin
