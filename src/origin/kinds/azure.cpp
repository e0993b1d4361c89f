#include <sluice/base/base64.hpp>
#include <sluice/config/address.hpp>
#include <sluice/config/redact.hpp>
#include <sluice/config/store_settings.hpp>
#include <sluice/origin/identity.hpp>
#include <sluice/origin/kinds/azure.hpp>
#include <sluice/origin/kinds/azure_connection_string.hpp>
#include <sluice/sign/azure/address.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <optional>

namespace sluice::origin {

namespace {

constexpr auto settings = config::with_request_keys(std::to_array<std::string_view>({"account", "container"}));
constexpr auto credentials = std::to_array<std::string_view>({"account_key", "connection_string"});
constexpr config::store_traits own_traits{"azure", config::key_form::tree, false, settings, credentials};

bool is_lower_alphanumeric(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

result<std::string> parse_account(std::string_view text) {
    if (!is_azure_account(text)) {
        return config::bad("must be a storage account's name: 3 to 24 lower-case letters and digits");
    }
    return std::string(text);
}

/// learn.microsoft.com "Naming and referencing containers": 3 to 63 lower-case letters, digits and single hyphens; and
/// the two that the service itself names.
result<std::string> parse_container(std::string_view text) {
    std::string plain(text);
    std::erase(plain, '-');
    const bool named = text.size() >= 3 && text.size() <= 63 && is_lower_alphanumeric(plain) && text.front() != '-' &&
                       text.back() != '-' && text.find("--") == std::string_view::npos;
    if (!named && text != "$root" && text != "$web") {
        return config::bad("must be a container's name: 3 to 63 lower-case letters, digits and single hyphens");
    }
    return std::string(text);
}

/// The account that an endpoint names: the first segment of its path (emulators, addresses), or the first label of
/// `ACCOUNT[-secondary].blob.…`; "" where it names none, as a custom domain.
std::string account_of(const config::url& endpoint) {
    if (!endpoint.path.empty()) {
        return endpoint.path.substr(1, endpoint.path.find('/', 1) - 1);
    }
    const auto dot = endpoint.host.find('.');
    if (endpoint.host.find(".blob.") == std::string::npos || dot == std::string::npos) {
        return {};
    }
    std::string label = endpoint.host.substr(0, dot);
    constexpr std::string_view secondary = "-secondary"; // read access to the other region
    if (label.ends_with(secondary)) {
        label.resize(label.size() - secondary.size());
    }
    return parse_account(label) ? label : std::string();
}

bool same_endpoint(const config::url& a, const config::url& b) {
    return a.tls == b.tls && a.host == b.host && a.port == b.port && a.path == b.path;
}

/// The nodes of settings beside the credentials; nullptr where they are absent or not valid.
struct written {
    const config::node* account{nullptr};
    const config::node* endpoint{nullptr};
};

/// Derives the account and the endpoint of a store without a connection string.
void derive_account(config::reading& r, config::mapping& m, const written& at, config::store& s) {
    const bool bad_account = m.has("account") && at.account == nullptr;
    const config::node* value = m.take("endpoint");
    const bool bad_endpoint = at.endpoint == nullptr && value != nullptr &&
                              (value->what != config::node::kind::scalar || !value->text.empty());
    if (bad_account || bad_endpoint) {
        return; // an error was added
    }
    if (at.endpoint == nullptr) {
        if (at.account == nullptr) {
            r.add(m.where(), "\"" + m.full("account") + "\" is missing: it is needed where no endpoint names it");
        }
        return;
    }
    const std::string named = account_of(*s.endpoint);
    if (s.endpoint->path.find('/', 1) != std::string::npos) {
        m.wrong("endpoint", *at.endpoint, "must not have a path of more than the account's name");
    } else if (at.account == nullptr && named.empty()) {
        r.add(m.where(), "\"" + m.full("account") + "\" is missing: the endpoint does not name it");
    } else if (at.account == nullptr) {
        auto good = parse_account(named);
        if (!good) {
            m.wrong("endpoint", *at.endpoint, "has a path that is no storage account's name");
            return;
        }
        s.account = std::move(*good);
    } else if (!named.empty() && named != s.account) {
        m.wrong("account", *at.account, "is not the one that the endpoint names");
    } else if (named.empty() && (config::is_numeric_host(*s.endpoint) || s.endpoint->host == "localhost")) {
        s.endpoint->path = "/" + s.account; // such a host cannot carry the account in its name
    }
}

void take_connection(config::mapping& m, const written& at, azure_connection&& from, config::store& s) {
    if (at.account != nullptr && s.account != from.account) {
        m.wrong("account", *at.account, "is not that of the connection string");
    }
    if (at.endpoint != nullptr && !same_endpoint(*s.endpoint, from.endpoint)) {
        m.wrong("endpoint", *at.endpoint, "is not that of the connection string");
    }
    s.account = std::move(from.account);
    s.endpoint = std::move(from.endpoint);
    s.credentials = config::azure_account_key{std::move(from.key)};
}

/// Reads the credentials. Returns whether account and endpoint are settled by them, as by a connection string, or
/// cannot be known because of an error.
bool read_keys(config::reading& r, config::mapping& m, const config::node& where, const written& at, config::store& s) {
    const auto name = m.full("credentials");
    config::mapping keys(r, where, name);
    if (!keys.is_mapping()) {
        return true;
    }
    refuse_other_credentials(r, keys, own_traits);
    const bool by_string = keys.has("connection_string");
    if (by_string && keys.has("account_key")) {
        r.add(*keys.take("account_key"),
              "\"" + keys.full("account_key") + "\" and connection_string are mutually exclusive");
        keys.ignore_rest();
    } else if (by_string) {
        secret text;
        if (const config::node* value = keys.read_secret("connection_string", text)) {
            auto parsed = parse_azure_connection_string(text.reveal());
            if (parsed && !is_base64(parsed->key.reveal())) {
                keys.wrong("connection_string", *value, "has an AccountKey that is not base64");
            } else if (parsed) {
                take_connection(m, at, std::move(*parsed), s);
            } else {
                keys.wrong("connection_string", *value, parsed.error().detail);
            }
        }
    } else if (keys.has("account_key")) {
        config::azure_account_key out;
        const config::node* value = keys.read_secret("account_key", out.key);
        if (value != nullptr && !is_base64(out.key.reveal())) {
            keys.wrong("account_key", *value, "is not base64");
        }
        s.credentials = std::move(out);
    } else {
        r.add(where, "\"" + name + "\" needs account_key or connection_string");
    }
    keys.finish();
    return by_string;
}

class azure_stores final : public store_kind {
public:
    azure_stores()
        : store_kind(own_traits) {}

    void read(config::reading& r, config::mapping& m, config::store& s) const override {
        if (m.need("container") != nullptr) {
            m.read("container", s.bucket, parse_container);
        }
        const written at{m.read("account", s.account, parse_account), read_endpoint(m, config::parse_base_url, s)};
        read_requests(m, s);
        const config::node* value = read_credentials_of(r, m, s);
        const bool settled = value != nullptr && read_keys(r, m, *value, at, s);
        if (!settled) {
            derive_account(r, m, at, s);
        }
        if (value == nullptr && !s.anonymous) {
            refuse_token_in_plain(r, at.endpoint, s);
        }
    }

    void redact(const config::store& s, boost::json::object& out) const override {
        out["account"] = s.account;
        out["container"] = s.bucket;
    }

    [[nodiscard]] boost::json::value redact_credentials(const config::store& s) const override {
        const auto* account = std::get_if<config::azure_account_key>(&s.credentials);
        if (account == nullptr) {
            return store_kind::redact_credentials(s);
        }
        return boost::json::object{{"account_key", config::redacted(account->key.reveal())}};
    }

    /// learn.microsoft.com "Specifying the range header for Blob service operations"
    [[nodiscard]] origin::capabilities capabilities() const override {
        return {.suffix_ranges = false, .signed_urls = sign::url_family::azure};
    }

    [[nodiscard]] uri_forms uris(const config::store& s) const override {
        const std::string endpoint = sign::azure_endpoint(s).text();
        const std::string base = endpoint + "/" + s.bucket + "/";
        // Two slashes are what SDKs make of an endpoint that ends in one.
        return {{base, endpoint + "//" + s.bucket + "/"}, base, base};
    }

    [[nodiscard]] std::vector<config::url> url_places(const config::store& s,
                                                      std::string_view /*location*/) const override {
        auto place = sign::azure_endpoint(s);
        place.path += "/" + s.bucket;
        return {place};
    }

    [[nodiscard]] std::string identity(const config::store& s, std::string_view who, std::string_view /*location*/,
                                       const identity::environment& /*env*/) const override {
        return bucket_identity(s, sign::azure_endpoint(s).text(), who, "default-chain");
    }

    [[nodiscard]] sign::signing make_signing(const config::store& s, const identity::environment& env,
                                             wall_clock clock) const override {
        return sign::make_azure_signing(s, env, std::move(clock));
    }

    [[nodiscard]] std::string_view fixed_credentials(const config::store& /*s*/) const override {
        return "the account's key of the configuration";
    }
};

} // namespace

const store_kind& azure_kind() noexcept {
    static const azure_stores kind;
    return kind;
}

} // namespace sluice::origin
