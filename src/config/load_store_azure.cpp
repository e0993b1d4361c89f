#include <sluice/config/address.hpp>
#include <sluice/config/azure_connection_string.hpp>
#include <sluice/config/store_settings.hpp>

#include <algorithm>
#include <optional>

namespace sluice::config {

namespace {

bool is_lower_alphanumeric(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

/// "Storage account name": 3 to 24 lower-case letters and digits (learn.microsoft.com "Storage account overview").
result<std::string> parse_account(std::string_view text) {
    if (text.size() < 3 || text.size() > 24 || !is_lower_alphanumeric(text)) {
        return bad("must be a storage account's name: 3 to 24 lower-case letters and digits");
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
        return bad("must be a container's name: 3 to 63 lower-case letters, digits and single hyphens");
    }
    return std::string(text);
}

/// Whether `text` is base64 with its padding (RFC 4648 §4).
bool is_base64(std::string_view text) {
    const auto padding = text.size() - std::min(text.find_last_not_of('=') + 1, text.size());
    return !text.empty() && text.size() % 4 == 0 && padding <= 2 &&
           is_alphanumeric(text.substr(0, text.size() - padding), "+/");
}

/// The account that an endpoint names: the first segment of its path (emulators, addresses), or the first label of
/// `ACCOUNT[-secondary].blob.…`; "" where it names none, as a custom domain.
std::string account_of(const url& endpoint) {
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

bool same_place(const url& a, const url& b) {
    return a.tls == b.tls && a.host == b.host && a.port == b.port && a.path == b.path;
}

/// What is written beside the credentials, where it is there and good.
struct written {
    const node* account{nullptr};
    const node* endpoint{nullptr};
};

/// Account and endpoint of a store without a connection string.
void settle_account(reading& r, mapping& m, const written& at, store& s) {
    const bool bad_account = m.has("account") && at.account == nullptr;
    const node* value = m.take("endpoint");
    const bool bad_endpoint =
        at.endpoint == nullptr && value != nullptr && (value->what != node::kind::scalar || !value->text.empty());
    if (bad_account || bad_endpoint) {
        return; // which was said
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
    } else if (named.empty() && (is_numeric_host(*s.endpoint) || s.endpoint->host == "localhost")) {
        s.endpoint->path = "/" + s.account; // such a host cannot carry the account in its name
    }
}

void take_connection(mapping& m, const written& at, azure_connection&& from, store& s) {
    if (at.account != nullptr && s.account != from.account) {
        m.wrong("account", *at.account, "is not that of the connection string");
    }
    if (at.endpoint != nullptr && !same_place(*s.endpoint, from.endpoint)) {
        m.wrong("endpoint", *at.endpoint, "is not that of the connection string");
    }
    s.account = std::move(from.account);
    s.endpoint = std::move(from.endpoint);
    s.credentials = azure_account_key{std::move(from.key)};
}

/// What a connection string says, where the credentials are one. True where they settle account and endpoint, or are
/// too bad to tell.
bool read_keys(reading& r, mapping& m, const node& where, const written& at, store& s) {
    const auto name = m.full("credentials");
    mapping keys(r, where, name);
    if (!keys.is_mapping()) {
        return true;
    }
    refuse_other_credentials(r, keys, "azure", {"account_key", "connection_string"});
    const bool by_string = keys.has("connection_string");
    if (by_string && keys.has("account_key")) {
        r.add(*keys.take("account_key"),
              "\"" + keys.full("account_key") + "\" and connection_string exclude each other");
        keys.ignore_rest();
    } else if (by_string) {
        secret text;
        if (const node* value = keys.read_secret("connection_string", text)) {
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
        azure_account_key out;
        const node* value = keys.read_secret("account_key", out.key);
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

} // namespace

void read_azure(reading& r, mapping& m, store& s) {
    if (m.need("container") != nullptr) {
        m.read("container", s.bucket, parse_container);
    }
    const written at{m.read("account", s.account, parse_account), read_endpoint(m, parse_base_url, s)};
    read_requests(m, s);
    const node* value = read_credentials_of(r, m, s);
    const bool settled = value != nullptr && read_keys(r, m, *value, at, s);
    if (!settled) {
        settle_account(r, m, at, s);
    }
    if (value == nullptr && !s.anonymous) {
        refuse_token_in_plain(r, at.endpoint, s);
    }
}

} // namespace sluice::config
