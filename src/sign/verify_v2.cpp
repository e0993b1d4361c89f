#include <sluice/base/base64.hpp>
#include <sluice/identity/google/rsa_key.hpp>

#include "presented_query.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::sign::verifying {

namespace {

/// Parameters that are part of the resource (Amazon S3 User Guide, "Signing and authenticating REST requests (AWS
/// signature version 2)"); those that name other things than an object's bytes are not among them, and a URL with one
/// has another signature.
constexpr auto overrides = std::to_array<std::string_view>({"response-cache-control", "response-content-disposition",
                                                            "response-content-encoding", "response-content-language",
                                                            "response-content-type", "response-expires"}); // sorted

/// "CanonicalizedAmzHeaders": SDKs put the fields x-amz-… into the query, and sign them as fields.
std::string amz_fields(const question& q) {
    std::vector<std::pair<std::string_view, std::string_view>> fields;
    for (const auto& each : q.query) {
        if (each.name.starts_with("x-amz-")) {
            fields.emplace_back(each.name, each.value);
        }
    }
    std::ranges::sort(fields);
    std::string text;
    for (const auto& [name, value] : fields) {
        text.append(name).append(":").append(value).append("\n");
    }
    return text;
}

/// "Do not encode these values while constructing the CanonicalizedResource."
std::string override_list(const question& q) {
    std::string text;
    for (const auto name : overrides) {
        if (const auto* value = http::find_parameter(q.query, name)) {
            text.append(text.empty() ? "?" : "&").append(name).append("=").append(*value);
        }
    }
    return text;
}

/// "HTTP-Verb \n Content-MD5 \n Content-Type \n Expires \n CanonicalizedAmzHeaders CanonicalizedResource"; Cloud
/// Storage has the same, with the bucket and the object as resource ("V2 signing process").
std::string string_to_sign(const question& q, std::string_view expires, bool google) {
    std::string text(q.method_name());
    text.append("\n\n\n").append(expires).append("\n");
    if (!google) {
        text.append(amz_fields(q));
    }
    text.append("/").append(q.url.bucket).append("/");
    append_percent_encoded(text, q.url.key, slash::keep);
    if (!google) {
        text.append(override_list(q));
    }
    return text;
}

/// The signature, raw; nullopt where it is not base64.
std::optional<std::string> read_signature(const question& q) {
    const auto bytes = base64_decode(q.value("Signature"));
    return bytes && !bytes->empty() ? std::optional(std::string(bytes->reveal())) : std::nullopt;
}

/// Whether a parameter may be a signed field that the string to sign leaves empty, or one in a spelling that not all
/// servers know.
bool has_other_fields(const question& q) {
    return std::ranges::any_of(q.query, [](const auto& each) {
        const auto name = to_lower(each.name);
        return name == "content-type" || name == "content-md5" || (name.starts_with("x-amz-") && name != each.name);
    });
}

} // namespace

url_signature verify_v2(const question& q, bool google) {
    const auto id = q.value(google ? "GoogleAccessId" : "AWSAccessKeyId");
    const auto life = read_seconds(q.value("Expires"), 10);
    const auto signature = read_signature(q);
    if (id.empty() || !life || !signature || has_other_fields(q)) {
        return invalid;
    }
    const time_point expires{std::min(*life, std::chrono::floor<std::chrono::seconds>(time_point::duration::max()))};
    if (q.now >= expires) {
        return invalid;
    }
    const url_signature foreign{url_signer::foreign, expires};
    const auto text = string_to_sign(q, q.value("Expires"), google);
    if (const auto* account = std::get_if<account_key>(&q.key); google && account != nullptr && account->email == id) {
        // An account may have other keys, of which only the store knows.
        return account->key->verify(text, *signature) ? url_signature{url_signer::own, expires} : foreign;
    }
    const auto* own = credentials_of(q.key, id);
    if (own == nullptr) {
        return foreign;
    }
    const auto mac = hmac_sha1(as_key(own->secret_access_key.reveal()), text);
    const std::string_view expected(reinterpret_cast<const char*>(mac.data()), mac.size());
    const bool matches = equal_in_constant_time(expected, *signature);
    const bool token = google || has_token_of(*own, q.value("x-amz-security-token"));
    return by_own(*own, matches && token, expires, q.now);
}

} // namespace sluice::sign::verifying
