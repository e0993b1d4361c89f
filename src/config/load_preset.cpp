#include "route_parts.hpp"

#include <filesystem>
#include <optional>
#include <utility>

namespace sluice::config {

namespace {

constexpr std::string_view store_name = "open-webui";

/// The app's environment: a variable that is set to nothing is as good as none.
class app_variables {
public:
    explicit app_variables(const variables& all)
        : all_(all) {}

    [[nodiscard]] std::string get(std::string_view name) const {
        const auto found = all_.find(name);
        return found == all_.end() ? std::string() : found->second;
    }
    [[nodiscard]] bool has(std::string_view name) const { return !get(name).empty(); }

private:
    const variables& all_;
};

/// A scalar that came from the variable `name`, so that faults name it.
node from_variable(std::string_view name, std::string text) {
    node n;
    n.what = node::kind::scalar;
    n.origin = name;
    n.written = text;
    n.text = std::move(text);
    return n;
}

node a_mapping(std::string_view name) {
    node n;
    n.what = node::kind::mapping;
    n.origin = name;
    return n;
}

void put(node& to, std::string_view key, node value) {
    to.pairs.push_back({from_variable(value.origin, std::string(key)), std::move(value)});
}

void put_variable(node& to, std::string_view key, const app_variables& env, std::string_view name) {
    if (env.has(name)) {
        put(to, key, from_variable(name, env.get(name)));
    }
}

void missing(reading& r, std::string_view name, std::string why) {
    r.add(from_variable(name, ""), std::move(why));
}

/// The app puts its prefix before a key with a `/` between (`os.path.join`), whether or not it ends in one.
std::string with_slash(std::string prefix) {
    return prefix.ends_with('/') ? prefix : prefix + "/";
}

/// What keeps this version from using an S3 bucket as the app does; "": nothing.
std::string s3_off(const app_variables& env) {
    if (to_lower(env.get("S3_USE_ACCELERATE_ENDPOINT")) == "true") {
        return "S3_USE_ACCELERATE_ENDPOINT is true, which is not supported yet";
    }
    // The app takes the cloud's default chain where either is missing.
    if (!env.has("S3_ACCESS_KEY_ID") || !env.has("S3_SECRET_ACCESS_KEY")) {
        return "S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY are not both set, and the cloud's own credentials are not "
               "supported yet";
    }
    return "";
}

/// `stores.open-webui` as the file would have it; nullopt where a variable is missing, which was said.
std::optional<node> s3_store(reading& r, const app_variables& env) {
    node s = a_mapping("STORAGE_PROVIDER");
    put(s, "type", from_variable("STORAGE_PROVIDER", "s3"));
    bool whole = true;
    if (!env.has("S3_BUCKET_NAME")) {
        missing(r, "S3_BUCKET_NAME", "is not set: it is needed where STORAGE_PROVIDER is s3");
        whole = false;
    }
    if (!env.has("S3_REGION_NAME") && !env.has("S3_ENDPOINT_URL")) {
        missing(r, "S3_REGION_NAME", "is not set: it is needed where S3_ENDPOINT_URL is not");
        whole = false;
    }
    put_variable(s, "bucket", env, "S3_BUCKET_NAME");
    put_variable(s, "region", env, "S3_REGION_NAME");
    put_variable(s, "endpoint", env, "S3_ENDPOINT_URL");
    put_variable(s, "addressing", env, "S3_ADDRESSING_STYLE");
    if (env.has("S3_KEY_PREFIX")) {
        put(s, "prefix", from_variable("S3_KEY_PREFIX", with_slash(env.get("S3_KEY_PREFIX"))));
    }
    node keys = a_mapping("S3_ACCESS_KEY_ID");
    put_variable(keys, "access_key_id", env, "S3_ACCESS_KEY_ID");
    put_variable(keys, "secret_access_key", env, "S3_SECRET_ACCESS_KEY");
    put(s, "credentials", std::move(keys));
    return whole ? std::optional<node>(std::move(s)) : std::nullopt;
}

std::optional<node> local_store(reading& r, const app_variables& env) {
    const std::filesystem::path data(env.has("DATA_DIR") ? env.get("DATA_DIR") : "/app/backend/data");
    if (!data.is_absolute()) {
        // The app would start from its own working directory, which nobody else knows.
        missing(r, "DATA_DIR", "must be an absolute path");
        return std::nullopt;
    }
    node s = a_mapping("DATA_DIR");
    put(s, "type", from_variable("STORAGE_PROVIDER", "local"));
    put(s, "root", from_variable("DATA_DIR", (data / "uploads").lexically_normal().string()));
    return s;
}

} // namespace

void fill_open_webui(route& out) {
    out.name = "open-webui";
    out.path = "/api/v1/files/{id}/content";
    out.query = query_policy::any; // exactly which ones: proxy::open_webui_query
    authorize_subrequest leave;
    leave.path = "/api/v1/files/{id}";
    out.authorize = std::move(leave);
    out.resolve = resolve_pointers{"/path", "/meta/content_type", "/meta/name", "/filename"};
}

void add_open_webui_store(reading& r, config& c, route& out) {
    out.store = store_name;
    if (c.stores.contains(out.store)) {
        return;
    }
    const app_variables env(r.options.environment);
    const std::string provider = env.has("STORAGE_PROVIDER") ? env.get("STORAGE_PROVIDER") : "local";
    std::optional<node> made;
    if (provider == "s3") {
        out.off = s3_off(env);
        made = out.off.empty() ? s3_store(r, env) : std::nullopt;
    } else if (provider == "local") {
        made = local_store(r, env);
    } else if (provider == "gcs" || provider == "azure") {
        out.off = "STORAGE_PROVIDER is " + provider + ", which is not supported yet";
    } else {
        missing(r, "STORAGE_PROVIDER", "must be one of local, s3, gcs, azure");
    }
    if (made) {
        read_store(r, from_variable("STORAGE_PROVIDER", out.store), *made, c);
    } else {
        out.store.clear();
    }
}

} // namespace sluice::config
