#include "route_parts.hpp"
#include "sections.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <utility>

namespace sluice::config {

namespace {

constexpr std::string_view store_name = "open-webui";

/// The variables that name the fields by which the app identifies who signs in, besides credentials (its `env.py`,
/// `routers/auths.py` and `utils/auth.py`).
constexpr std::array<std::string_view, 4> identity_variables{
    "WEBUI_AUTH_TRUSTED_EMAIL_HEADER", "WEBUI_AUTH_TRUSTED_NAME_HEADER", "WEBUI_AUTH_TRUSTED_GROUPS_HEADER",
    "WEBUI_AUTH_TRUSTED_ROLE_HEADER"};

node a_mapping(std::string_view name) {
    node n;
    n.what = node::kind::mapping;
    n.origin = name;
    return n;
}

void put(node& to, std::string_view key, node value) {
    to.pairs.push_back({variable_node(value.origin, std::string(key)), std::move(value)});
}

/// The app's variable `name` as `key`; nothing where it is unset or empty.
void put_variable(reading& r, node& to, std::string_view key, std::string_view name) {
    if (auto text = r.variable(name); !text.empty()) {
        put(to, key, variable_node(name, std::move(text)));
    }
}

void missing(reading& r, std::string_view name, std::string why) {
    r.add(variable_node(name, ""), std::move(why));
}

/// Whether the variable is set; adds an error where it is not.
bool need(reading& r, std::string_view name, std::string_view provider) {
    const bool set = !r.variable(name).empty();
    if (!set) {
        missing(r, name, "is not set: it is needed where STORAGE_PROVIDER is " + std::string(provider));
    }
    return set;
}

/// The app puts its prefix before a key with a `/` between (`os.path.join`), whether or not it ends in one.
std::string with_slash(std::string prefix) {
    return prefix.ends_with('/') ? prefix : prefix + "/";
}

/// `stores.open-webui` as the file would have it; nullopt where a variable is missing, with an error for each. Without
/// keys the app takes the cloud's default chain, as a store without `credentials` does.
std::optional<node> s3_store(reading& r, preset_bucket bucket) {
    node s = a_mapping("S3_REGION_NAME"); // where errors about missing settings are put
    put(s, "type", variable_node("STORAGE_PROVIDER", "s3"));
    if (!need(r, "S3_BUCKET_NAME", "s3")) {
        return std::nullopt;
    }
    put_variable(r, s, "bucket", "S3_BUCKET_NAME");
    // As boto3 does, even with an endpoint. It does not know AWS_REGION, which comes after these.
    put_variable(r, s, "region", r.variable("S3_REGION_NAME").empty() ? "AWS_DEFAULT_REGION" : "S3_REGION_NAME");
    put_variable(r, s, "endpoint", "S3_ENDPOINT_URL");
    put_variable(r, s, "addressing", "S3_ADDRESSING_STYLE");
    // The app puts it before new keys only, and reads old ones whatever they begin with.
    if (auto prefix = r.variable("S3_KEY_PREFIX"); !prefix.empty() && bucket == preset_bucket::recorded) {
        put(s, "prefix", variable_node("S3_KEY_PREFIX", with_slash(std::move(prefix))));
    }
    // The app compares it so: anything else is false.
    if (to_lower(r.variable("S3_USE_ACCELERATE_ENDPOINT")) == "true") {
        put(s, "accelerate", variable_node("S3_USE_ACCELERATE_ENDPOINT", "true"));
    }
    node keys = a_mapping("S3_ACCESS_KEY_ID");
    put_variable(r, keys, "access_key_id", "S3_ACCESS_KEY_ID");
    put_variable(r, keys, "secret_access_key", "S3_SECRET_ACCESS_KEY");
    if (keys.pairs.size() == 2) { // the app uses both or neither
        put(s, "credentials", std::move(keys));
    }
    return s;
}

std::optional<node> gcs_store(reading& r) {
    node s = a_mapping("STORAGE_PROVIDER");
    put(s, "type", variable_node("STORAGE_PROVIDER", "gcs"));
    if (!need(r, "GCS_BUCKET_NAME", "gcs")) {
        return std::nullopt;
    }
    put_variable(r, s, "bucket", "GCS_BUCKET_NAME");
    node keys = a_mapping("GOOGLE_APPLICATION_CREDENTIALS_JSON");
    put_variable(r, keys, "service_account", "GOOGLE_APPLICATION_CREDENTIALS_JSON");
    if (!keys.pairs.empty()) {
        put(s, "credentials", std::move(keys));
    }
    return s;
}

std::optional<node> azure_store(reading& r) {
    node s = a_mapping("AZURE_STORAGE_ENDPOINT");
    put(s, "type", variable_node("STORAGE_PROVIDER", "azure"));
    const bool endpoint = need(r, "AZURE_STORAGE_ENDPOINT", "azure");
    if (!need(r, "AZURE_STORAGE_CONTAINER_NAME", "azure") || !endpoint) {
        return std::nullopt;
    }
    put_variable(r, s, "endpoint", "AZURE_STORAGE_ENDPOINT");
    put_variable(r, s, "container", "AZURE_STORAGE_CONTAINER_NAME");
    node keys = a_mapping("AZURE_STORAGE_KEY");
    put_variable(r, keys, "account_key", "AZURE_STORAGE_KEY");
    if (!keys.pairs.empty()) {
        put(s, "credentials", std::move(keys));
    }
    return s;
}

std::optional<node> local_store(reading& r) {
    const auto variable = r.variable("DATA_DIR");
    const std::filesystem::path data(variable.empty() ? "/app/backend/data" : variable);
    if (!data.is_absolute()) {
        // It would be relative to the working directory of the app, which is not known here.
        missing(r, "DATA_DIR", "must be an absolute path");
        return std::nullopt;
    }
    node s = a_mapping("DATA_DIR");
    put(s, "type", variable_node("STORAGE_PROVIDER", "local"));
    put(s, "root", variable_node("DATA_DIR", (data / "uploads").lexically_normal().string()));
    return s;
}

std::optional<node> store_of_variables(reading& r, preset_bucket bucket) {
    const std::string provider = r.variable("STORAGE_PROVIDER");
    if (provider == "s3") {
        return s3_store(r, bucket);
    }
    if (provider.empty() || provider == "local") {
        return local_store(r);
    }
    if (provider == "gcs") {
        return gcs_store(r);
    }
    if (provider == "azure") {
        return azure_store(r);
    }
    missing(r, "STORAGE_PROVIDER", "must be one of local, s3, gcs, azure");
    return std::nullopt;
}

} // namespace

void fill_open_webui(route& out) {
    out.name = "open-webui";
    out.path = "/api/v1/files/{id}/content";
    out.other_paths = {"/api/v1/files/{id}/content/{file_name}"};
    out.query = query_policy::any; // the preset itself checks which parameters
    authorize_subrequest subrequest;
    subrequest.path = "/api/v1/files/{id}";
    subrequest.timeout = std::chrono::minutes(1); // an upload may block the whole app for many seconds
    out.authorize = std::move(subrequest);
    out.resolve = resolve_pointers{"/path", "/meta/content_type", "/meta/name", "/filename", "/meta"};
    out.compress.emplace(); // as its own middleware does
}

void add_open_webui_store(reading& r, config& c, route& out) {
    out.store = store_name;
    const bool is_known =
        c.stores.contains(out.store) ||
        std::ranges::find(c.unusable_stores, out.store, &unusable_store::name) != c.unusable_stores.end();
    if (is_known) {
        return;
    }
    reading of_variables{r.file, r.options, r.kinds, {}};
    if (const auto made = store_of_variables(of_variables, out.preset_bucket)) {
        read_store(of_variables, variable_node("STORAGE_PROVIDER", out.store), *made, c);
    }
    if (of_variables.diagnostics.empty()) {
        c.stores.at(out.store).of_preset = true;
        return;
    }
    c.stores.erase(out.store);
    c.unusable_stores.push_back({out.store, std::move(of_variables.diagnostics)});
}

void strip_open_webui_identity(reading& r, config& c) {
    for (const auto variable : identity_variables) {
        const auto text = r.variable(variable);
        const auto name = parse_field_name(text);
        if (text.size() > 128) {
            missing(r, variable, "is longer than 128 bytes");
        } else if (!name) {
            continue; // unset, or no name of a field
        } else if (is_connection_field(*name) || *name == "cookie" || *name == "authorization") {
            missing(r, variable,
                    "names a field that every request has, so it cannot say who signs in: name the field that your "
                    "proxy sets, as in X-Forwarded-Email");
        } else if (std::ranges::find(c.strip_request_headers, *name) == c.strip_request_headers.end()) {
            c.strip_request_headers.push_back(*name);
        }
    }
}

} // namespace sluice::config
