#include <sluice/base/secret_json.hpp>
#include <sluice/config/address.hpp>
#include <sluice/config/store_settings.hpp>

#include <algorithm>
#include <array>
#include <optional>

namespace sluice::config {

namespace {

/// The types of credentials files that Application Default Credentials know (google.aip.dev/auth/4110).
constexpr std::string_view key_type = "service_account";
constexpr std::array<std::string_view, 4> file_types{key_type, "external_account", "authorized_user",
                                                     "impersonated_service_account"};
constexpr std::string_view blanks = " \t\r\n";

/// An account as it stands in the path of a request to IAM: an e-mail address, or its unique id.
result<std::string> parse_account(std::string_view text) {
    const bool good = !text.empty() && text.size() <= 254 && is_alphanumeric(text, "@._-") &&
                      std::ranges::count(text, '@') <= 1 && text.front() != '@' && text.back() != '@' &&
                      text.front() != '.' && text.back() != '.';
    if (!good) {
        return bad("must be the e-mail address of a service account");
    }
    return std::string(text);
}

/// The type of the credentials file in `text`.
result<std::string_view> type_of(std::string_view text) {
    const secret_json file(text);
    if (file.object() == nullptr) {
        return bad("does not hold a JSON object");
    }
    const auto* found = std::ranges::find(file_types, file.text("type"));
    if (found == file_types.end()) {
        return bad("has no \"type\" that is known: service_account, external_account, authorized_user or "
                   "impersonated_service_account");
    }
    if (*found == key_type && (file.text("client_email").empty() || file.text("private_key").empty())) {
        return bad("is of type service_account and lacks client_email or private_key");
    }
    return *found;
}

/// The JSON at `value`: itself, or in the file that it names. What is wrong was said where there is none.
std::optional<secret> json_at(reading& r, mapping& keys, const node& value) {
    constexpr std::string_view key = "service_account";
    const bool scalar = value.what == node::kind::scalar;
    const node* path = scalar ? &value : file_of(value);
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
    // What is neither a path nor JSON may be a part of the key.
    if (path->text.empty() || has_control(path->text) || (scalar && !value.origin.empty())) {
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

/// Whether the credentials are a key, so that URLs are signed here.
bool read_service_account(reading& r, mapping& keys, store& s) {
    const node& value = *keys.take("service_account");
    const auto text = json_at(r, keys, value);
    if (!text) {
        return true; // not known
    }
    const auto type = type_of(text->reveal());
    if (!type) {
        keys.wrong("service_account", value, type.error().detail);
        return true;
    }
    s.credentials = gcs_credentials_file{*text};
    return *type == key_type;
}

void read_hmac(mapping& keys, store& s) {
    gcs_hmac_key out;
    if (const node* at = keys.need("hmac_id")) {
        secret id;
        if (keys.read_secret("hmac_id", id) != nullptr) {
            if (auto good = parse_key_id(id.reveal())) {
                out.id = std::move(*good);
            } else {
                keys.wrong("hmac_id", *at, good.error().detail);
            }
        }
    }
    read_key(keys, "hmac_secret", out.key);
    s.credentials = std::move(out);
}

/// As `read_service_account`.
bool read_keys(reading& r, const node& where, const std::string& name, store& s) {
    mapping keys(r, where, name);
    if (!keys.is_mapping()) {
        return true;
    }
    refuse_other_credentials(r, keys, "gcs", {"service_account", "hmac_id", "hmac_secret"});
    const bool hmac = keys.has("hmac_id") || keys.has("hmac_secret");
    bool signs = true;
    if (keys.has("service_account") && hmac) {
        r.add(*keys.take("service_account"),
              "\"" + keys.full("service_account") + "\" and an HMAC key exclude each other");
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

/// The endpoint that Google's SDKs take in tests from STORAGE_EMULATOR_HOST, where the file names none: a URL, or a
/// host and port. They ask such a server without an identity, and so do we where none is written.
void take_emulator(reading& r, bool has_identity, node& at, store& s) {
    std::string text = r.variable("STORAGE_EMULATOR_HOST");
    if (text.empty()) {
        return;
    }
    if (text.find("://") == std::string::npos) {
        text.insert(0, "http://");
    }
    at = variable_node("STORAGE_EMULATOR_HOST", text);
    if (take_endpoint(r, at, parse_url, s)) {
        s.anonymous = !has_identity;
    }
}

} // namespace

void read_gcs(reading& r, mapping& m, store& s) {
    if (m.need("bucket") != nullptr) {
        m.read("bucket", s.bucket, parse_bucket);
    }
    const node* endpoint = read_endpoint(m, parse_url, s);
    node emulator;
    if (!m.has("endpoint")) {
        take_emulator(r, m.has("credentials") || m.has("anonymous"), emulator, s);
        endpoint = &emulator;
    }
    read_requests(m, s);
    const node* value = read_credentials_of(r, m, s);
    const bool signs = value != nullptr && read_keys(r, *value, m.full("credentials"), s);
    if (!signs && !s.anonymous) {
        refuse_token_in_plain(r, endpoint, s);
    }
    const node* signer = m.read("signer", s.signer, parse_account);
    if (signer != nullptr && (signs || s.anonymous)) {
        m.wrong("signer", *signer,
                s.anonymous ? "means nothing in an anonymous store" : "means nothing beside a key: that is what signs");
    }
}

} // namespace sluice::config
