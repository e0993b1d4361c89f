#include <sluice/base/secret_json.hpp>
#include <sluice/config/address.hpp>
#include <sluice/config/redact.hpp>
#include <sluice/config/store_settings.hpp>
#include <sluice/origin/identity.hpp>
#include <sluice/origin/kinds/gcs.hpp>
#include <sluice/sign/bucket_address.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <optional>

namespace sluice::origin {

namespace {

constexpr auto settings = config::with_request_keys(std::to_array<std::string_view>({"bucket", "signer"}));
constexpr auto credentials = std::to_array<std::string_view>({"service_account", "hmac_id", "hmac_secret"});
constexpr config::store_traits own_traits{"gcs", config::key_form::flat, false, settings, credentials};

/// The types of credentials files that Application Default Credentials know (google.aip.dev/auth/4110).
constexpr std::string_view key_type = "service_account";
constexpr std::array<std::string_view, 4> file_types{key_type, "external_account", "authorized_user",
                                                     "impersonated_service_account"};
constexpr std::string_view blanks = " \t\r\n";

/// An account as in the path of a request to IAM: an e-mail address, or its unique id.
result<std::string> parse_account(std::string_view text) {
    const bool good = !text.empty() && text.size() <= 254 && config::is_alphanumeric(text, "@._-") &&
                      std::ranges::count(text, '@') <= 1 && text.front() != '@' && text.back() != '@' &&
                      text.front() != '.' && text.back() != '.';
    if (!good) {
        return config::bad("must be the e-mail address of a service account");
    }
    return std::string(text);
}

/// The type of the credentials file in `text`.
result<std::string_view> type_of(std::string_view text) {
    const secret_json file(text);
    if (file.object() == nullptr) {
        return config::bad("does not hold a JSON object");
    }
    const auto* found = std::ranges::find(file_types, file.text("type"));
    if (found == file_types.end()) {
        return config::bad("has no \"type\" that is known: service_account, external_account, authorized_user or "
                           "impersonated_service_account");
    }
    if (*found == key_type && (file.text("client_email").empty() || file.text("private_key").empty())) {
        return config::bad("is of type service_account and lacks client_email or private_key");
    }
    return *found;
}

/// The JSON at `value`: itself, or the contents of the file that it names. Nullopt, with an error, where there is none.
std::optional<secret> json_at(config::reading& r, config::mapping& keys, const config::node& value) {
    constexpr std::string_view key = "service_account";
    const bool scalar = value.what == config::node::kind::scalar;
    const config::node* path = scalar ? &value : config::file_of(value);
    if (value.broken || (path != nullptr && path->broken)) {
        return std::nullopt;
    }
    if (path == nullptr) {
        keys.wrong(key, value, "must be the path of a JSON file, its text in quotes, or {file: PATH}");
        return std::nullopt;
    }
    if (scalar &&
        value.text.substr(std::min(value.text.find_first_not_of(blanks), value.text.size())).starts_with('{')) {
        return secret(value.text);
    }
    // Neither a path nor JSON: it may be a part of the key.
    if (path->text.empty() || config::has_control(path->text) || (scalar && !value.origin.empty())) {
        keys.wrong(key, *path,
                   path->text.empty() ? "is empty" : "must be JSON, beginning with {, or the path of a file");
        return std::nullopt;
    }
    auto text = r.contents_of(*path);
    if (!text) {
        keys.wrong(key, *path, "cannot be read from its file: " + text.error().detail);
        return std::nullopt;
    }
    const wiped_text read(std::move(*text));
    return secret(read.text);
}

/// Reads a credentials file. Returns whether it is a key, with which URLs are signed here.
bool read_service_account(config::reading& r, config::mapping& keys, config::store& s) {
    const config::node& value = *keys.take("service_account");
    const auto text = json_at(r, keys, value);
    if (!text) {
        return true; // not known: no further errors
    }
    const auto type = type_of(text->reveal());
    if (!type) {
        keys.wrong("service_account", value, type.error().detail);
        return true;
    }
    s.credentials = config::gcs_credentials_file{*text};
    return *type == key_type;
}

void read_hmac(config::mapping& keys, config::store& s) {
    config::gcs_hmac_key out;
    read_key_id(keys, "hmac_id", out.id);
    read_key(keys, "hmac_secret", out.key);
    s.credentials = std::move(out);
}

/// Reads the credentials. Returns whether they are a key, as `read_service_account`.
bool read_keys(config::reading& r, const config::node& where, const std::string& name, config::store& s) {
    config::mapping keys(r, where, name);
    if (!keys.is_mapping()) {
        return true;
    }
    refuse_other_credentials(r, keys, own_traits);
    const bool hmac = keys.has("hmac_id") || keys.has("hmac_secret");
    bool signs = true;
    if (keys.has("service_account") && hmac) {
        r.add(*keys.take("service_account"),
              "\"" + keys.full("service_account") + "\" and an HMAC key are mutually exclusive");
        keys.ignore_rest();
    } else if (keys.has("service_account")) {
        signs = read_service_account(r, keys, s);
    } else if (hmac) {
        read_hmac(keys, s);
    } else {
        r.add(where, "\"" + name + "\" needs service_account, or hmac_id and hmac_secret");
    }
    keys.finish();
    return signs;
}

/// Takes the endpoint from STORAGE_EMULATOR_HOST, a URL or a host and port, as Google's SDKs do in tests. Like them it
/// is asked without an identity, unless the file has one.
void take_emulator(config::reading& r, bool has_identity, config::node& at, config::store& s) {
    std::string text = r.variable("STORAGE_EMULATOR_HOST");
    if (text.empty()) {
        return;
    }
    if (text.find("://") == std::string::npos) {
        text.insert(0, "http://");
    }
    at = config::variable_node("STORAGE_EMULATOR_HOST", text);
    if (take_endpoint(r, at, config::parse_url, s)) {
        s.anonymous = !has_identity;
    }
}

class gcs_stores final : public store_kind {
public:
    gcs_stores()
        : store_kind(own_traits) {}

    void read(config::reading& r, config::mapping& m, config::store& s) const override {
        if (m.need("bucket") != nullptr) {
            m.read("bucket", s.bucket, config::parse_bucket);
        }
        const config::node* endpoint = read_endpoint(m, config::parse_url, s);
        config::node emulator;
        if (!m.has("endpoint")) {
            take_emulator(r, m.has("credentials") || m.has("anonymous"), emulator, s);
            endpoint = &emulator;
        }
        read_requests(m, s);
        const config::node* value = read_credentials_of(r, m, s);
        const bool signs = value != nullptr && read_keys(r, *value, m.full("credentials"), s);
        if (!signs && !s.anonymous) {
            refuse_token_in_plain(r, endpoint, s);
        }
        const config::node* signer = m.read("signer", s.signer, parse_account);
        if (signer != nullptr && (signs || s.anonymous)) {
            m.wrong("signer", *signer,
                    s.anonymous ? "means nothing in an anonymous store"
                                : "means nothing beside a key: that is what signs");
        }
    }

    void redact(const config::store& s, boost::json::object& out) const override {
        out["bucket"] = s.bucket;
        out["signer"] = s.signer;
    }

    [[nodiscard]] boost::json::value redact_credentials(const config::store& s) const override {
        if (const auto* file = std::get_if<config::gcs_credentials_file>(&s.credentials)) {
            return boost::json::object{{"service_account", config::redacted(file->json.reveal())}};
        }
        if (const auto* key = std::get_if<config::gcs_hmac_key>(&s.credentials)) {
            return boost::json::object{{"hmac_id", config::redacted(key->id)},
                                       {"hmac_secret", config::redacted(key->key.reveal())}};
        }
        return store_kind::redact_credentials(s);
    }

    [[nodiscard]] bool is_owned_by_key_id(const config::store& s) const override {
        return std::holds_alternative<config::gcs_hmac_key>(s.credentials);
    }

    /// cloud.google.com/storage/docs/xml-api/reference-headers
    [[nodiscard]] origin::capabilities capabilities() const override {
        return {.generation_field = "x-goog-generation", .generation_match_field = "x-goog-if-generation-match"};
    }

    [[nodiscard]] uri_forms uris(const config::store& s) const override { return bucket_uris("gs", s.bucket); }

    /// At the endpoint of the universe that the credentials name, as `location` has it.
    [[nodiscard]] std::vector<config::url> url_places(const config::store& s,
                                                      std::string_view location) const override {
        const std::string_view known = location.empty() ? std::string_view("storage.googleapis.com") : location;
        const config::url usual{true, std::string(known.substr(0, known.find('/'))), 443, ""};
        std::vector<config::url> places;
        sign::append_url_places(places, s.endpoint.value_or(usual), s.bucket);
        return places;
    }

    /// Buckets are unique within their universe only, which the credentials name: so the endpoint is `location`.
    [[nodiscard]] std::string identity(const config::store& s, std::string_view who, std::string_view location,
                                       const identity::environment& /*env*/) const override {
        const bool tls = !s.endpoint || s.endpoint->tls;
        const bool by_file = std::holds_alternative<config::gcs_credentials_file>(s.credentials);
        return bucket_identity(s, (tls ? "https://" : "http://") + std::string(location), who,
                               by_file ? "credentials-file" : "default-chain");
    }

    [[nodiscard]] sign::signing make_signing(const config::store& s, const identity::environment& env,
                                             wall_clock clock) const override {
        return sign::make_gcs_signing(s, env, std::move(clock));
    }

    [[nodiscard]] std::string_view fixed_credentials(const config::store& s) const override {
        if (std::holds_alternative<config::gcs_hmac_key>(s.credentials)) {
            return "the HMAC key of the configuration";
        }
        return std::holds_alternative<config::gcs_credentials_file>(s.credentials)
                   ? "the service account's key of the configuration"
                   : "a service account's key that the default chain found";
    }
};

} // namespace

const store_kind& gcs_kind() noexcept {
    static const gcs_stores kind;
    return kind;
}

} // namespace sluice::origin
