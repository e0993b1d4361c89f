#include <sluice/config/address.hpp>
#include <sluice/config/aws_endpoint.hpp>
#include <sluice/config/store_settings.hpp>

#include <algorithm>

namespace sluice::config {

namespace {

constexpr std::string_view endpoint_key = "endpoint";

/// A bucket that is to be a label of a host name (RFC 1123 §2.1; AWS "Virtual hosting of general purpose buckets").
bool fits_host_name(std::string_view bucket) {
    return bucket.size() >= 3 && bucket.size() <= 63 && bucket.back() != '-' && std::ranges::all_of(bucket, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
           });
}

result<std::string> parse_region(std::string_view text) {
    if (text.size() > 63 || !is_alphanumeric(text, "-_")) {
        return bad("must be a region's name, as in eu-central-1");
    }
    return std::string(text);
}

/// `endpoint`; where the key is absent, the environment's. Gives what named one, with any value, a bad one too:
/// `endpoint` or a variable, "" where nothing did.
std::string_view read_s3_endpoint(reading& r, mapping& m, store& s) {
    read_endpoint(m, parse_base_url, s);
    if (const node* value = m.take(endpoint_key); value != nullptr) {
        const bool empty = value->what == node::kind::scalar && value->text.empty();
        return empty ? "" : endpoint_key;
    }
    const auto env = [&r](std::string_view name) {
        auto text = r.variable(name);
        return text.empty() ? std::nullopt : std::optional(std::move(text));
    };
    auto named = aws_endpoint_of(env, "AWS_ENDPOINT_URL_S3");
    if (!named) {
        return "";
    }
    take_endpoint(r, variable_node(named->variable, std::move(named->url)), parse_base_url, s);
    return named->variable;
}

/// What the AWS SDKs and S3-compatible servers take unless they are told another.
constexpr std::string_view default_region = "us-east-1";

/// The region as the AWS SDKs take it from the environment, in their order. False where it says none.
bool region_of_environment(reading& r, store& s) {
    for (const std::string_view name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
        if (const auto text = r.variable(name); !text.empty()) {
            const auto region = parse_region(text);
            if (!region) {
                r.add(variable_node(name, text), region.error().detail);
            }
            s.region = region ? *region : "";
            return true;
        }
    }
    return false;
}

/// `endpoint_by`: of `read_s3_endpoint`.
void read_region(reading& r, mapping& m, std::string_view endpoint_by, store& s) {
    const bool given = m.has("region");
    const node* value = m.read("region", s.region, parse_region);
    const bool settled = !s.region.empty() || (given && value == nullptr); // a bad one was said
    if (settled) {
        return;
    }
    // What stands in the file is not mixed with the environment's region, which is that of AWS.
    if (endpoint_by != endpoint_key && region_of_environment(r, s)) {
        return;
    }
    s.region = default_region;
}

void read_addressing(mapping& m, store& s) {
    m.read_choice<addressing_style>("addressing", s.addressing,
                                    {{"auto", addressing_style::automatic},
                                     {"path", addressing_style::path},
                                     {"virtual", addressing_style::virtual_hosted}});
}

/// AWS's other endpoints (General Reference "Amazon S3 endpoints"; S3 User Guide "Transfer Acceleration").
void read_variants(mapping& m, bool has_bucket, std::string_view endpoint_by, store& s) {
    struct variant {
        std::string_view key;
        bool& on;
    };
    for (auto& [key, on] :
         {variant{"fips", s.fips}, variant{"dual_stack", s.dual_stack}, variant{"accelerate", s.accelerate}}) {
        const node* at = m.read_bool(key, on);
        if (at != nullptr && on && !endpoint_by.empty()) {
            m.wrong(key, *at, "and " + std::string(endpoint_by) + " exclude each other: it picks one of AWS's");
        }
    }
    if (!s.accelerate) {
        return;
    }
    const node& at = *m.take("accelerate");
    if (s.fips) {
        m.wrong("accelerate", at, "and fips exclude each other");
    }
    if (has_bucket && (!fits_host_name(s.bucket) || s.bucket.find('.') != std::string::npos)) {
        m.wrong("accelerate", at, "needs a bucket whose name can be part of a host name, without dots");
    }
}

void read_keys(reading& r, const node& where, const std::string& name, store& s) {
    mapping keys(r, where, name);
    if (!keys.is_mapping()) {
        return;
    }
    static_keys out;
    refuse_other_credentials(r, keys, "s3", {"access_key_id", "secret_access_key", "session_token"});
    if (const node* at = keys.need("access_key_id")) {
        secret id;
        if (keys.read_secret("access_key_id", id) != nullptr) {
            if (auto good = parse_key_id(id.reveal())) {
                out.access_key_id = std::move(*good);
            } else {
                keys.wrong("access_key_id", *at, good.error().detail);
            }
        }
    }
    read_key(keys, "secret_access_key", out.secret_access_key);
    keys.read_secret("session_token", out.session_token);
    keys.finish();
    s.credentials = std::move(out);
}

} // namespace

void read_s3(reading& r, mapping& m, store& s) {
    const bool has_bucket = m.need("bucket") != nullptr && m.read("bucket", s.bucket, parse_bucket) != nullptr;
    const auto endpoint_by = read_s3_endpoint(r, m, s);
    read_region(r, m, endpoint_by, s);
    read_addressing(m, s);
    read_variants(m, has_bucket, endpoint_by, s);
    read_requests(m, s);
    if (const node* value = read_credentials_of(r, m, s)) {
        read_keys(r, *value, m.full("credentials"), s);
    }
}

} // namespace sluice::config
