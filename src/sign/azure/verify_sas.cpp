#include <sluice/base/base64.hpp>
#include <sluice/identity/rfc3339.hpp>
#include <sluice/sign/azure/address.hpp>
#include <sluice/sign/azure/sas.hpp>

#include "../presented_query.hpp"

#include <algorithm>
#include <array>

namespace sluice::sign::verifying {

namespace {

/// The parameters that a SAS consists of (learn.microsoft.com, "Create a service SAS", "… an account SAS", "… a user
/// delegation SAS").
constexpr auto sas_names = std::to_array<std::string_view>(
    {"sv",      "sr",     "sp",    "st",    "se",   "si",   "sip",  "spr",  "ses",   "sig",   "ss",
     "srt",     "sdd",    "skoid", "sktid", "skt",  "ske",  "sks",  "skv",  "saoid", "suoid", "scid",
     "skdutid", "sduoid", "srh",   "srq",   "rscc", "rscd", "rsce", "rscl", "rsct"});

/// Whether one of these names is written in another case: the service may read it, and what is verified here not.
bool has_odd_case(const question& q) {
    return std::ranges::any_of(q.query, [](const auto& each) {
        const auto lower = to_lower(each.name);
        return lower != each.name && std::ranges::find(sas_names, lower) != sas_names.end();
    });
}

/// The forms of ISO 8601 that a SAS may have: `YYYY-MM-DD`, `YYYY-MM-DDThh:mmZ`, and with seconds.
std::optional<time_point> read_time(std::string_view text) {
    std::string whole(text);
    if (whole.size() == 10) {
        whole += "T00:00:00Z";
    } else if (whole.size() == 17 && whole.ends_with('Z')) {
        whole.insert(16, ":00");
    }
    return whole.ends_with('Z') ? identity::parse_rfc3339(whole) : std::nullopt;
}

/// When the SAS ends, where it is alive now and names its own times.
std::optional<time_point> read_life(const question& q, std::string_view start, std::string_view end) {
    const auto expires = read_time(q.value(end));
    const auto begins = q.value(start).empty() ? std::optional(q.now) : read_time(q.value(start));
    return expires && begins && *begins <= q.now && q.now < *expires ? expires : std::nullopt;
}

/// Over which protocol it may be used, and from which addresses: a SAS for some addresses alone is not for whoever
/// asks Sluice.
bool may_be_used(const question& q) {
    const auto protocol = q.value("spr");
    const bool fits = protocol.empty() || protocol == "https,http" || (protocol == "https" && q.url.tls);
    return fits && q.value("sip").empty();
}

bool contains(std::string_view text, char c) {
    return text.find(c) != std::string_view::npos;
}

/// "StringToSign = accountname \n signedpermissions \n signedservice \n signedresourcetype \n signedstart \n
/// signedexpiry \n signedIP \n signedProtocol \n signedversion \n [signedEncryptionScope \n]"
std::string account_text(const question& q) {
    std::string text(q.url.account);
    for (const std::string_view name : {"sp", "ss", "srt", "st", "se", "sip", "spr", "sv"}) {
        text.append("\n").append(q.value(name));
    }
    text.append("\n");
    if (q.value("sv") >= "2020-12-06") {
        text.append(q.value("ses")).append("\n");
    }
    return text;
}

/// "/blob/account/container[/blob]"
std::string resource_of(const question& q) {
    std::string text = "/blob/";
    text.append(q.url.account).append("/").append(q.url.bucket);
    if (q.value("sr") == "b") {
        text.append("/").append(azure_blob_name(q.url.key));
    }
    return text;
}

std::string service_text(const question& q, const std::string& resource) {
    azure_sas sas;
    sas.version = q.value("sv");
    sas.permissions = q.value("sp");
    sas.start = q.value("st");
    sas.expiry = q.value("se");
    sas.canonical_resource = resource;
    sas.protocol = q.value("spr");
    sas.resource = q.value("sr");
    sas.encryption_scope = q.value("ses");
    sas.cache_control = q.value("rscc");
    sas.content_disposition = q.value("rscd");
    sas.content_encoding = q.value("rsce");
    sas.content_language = q.value("rscl");
    sas.content_type = q.value("rsct");
    return azure_string_to_sign(sas);
}

/// Of the layouts that are known: since 2015-04-05, a date.
bool has_known_version(const question& q) {
    const auto version = q.value("sv");
    return version.size() == 10 && version >= "2015-04-05" && version[4] == '-' && version[7] == '-';
}

/// What the account's key must have signed; nullopt where this SAS is of another kind, which only the service can tell.
std::optional<std::string> text_of(const question& q) {
    const auto resource = q.value("sr");
    if (!q.value("si").empty() || !q.value("skoid").empty() || !has_known_version(q)) {
        return std::nullopt; // terms that are kept at the service, or a key of a user
    }
    if (resource == "b" || resource == "c") {
        return service_text(q, resource_of(q));
    }
    const bool account = resource.empty() && contains(q.value("ss"), 'b') && contains(q.value("srt"), 'o');
    return account ? std::optional(account_text(q)) : std::nullopt;
}

/// Terms that are kept at the service may be what says them.
bool may_read(const question& q) {
    return contains(q.value("sp"), 'r') || (q.value("sp").empty() && !q.value("si").empty());
}

} // namespace

url_signature verify_sas(const question& q) {
    const auto signature = q.value("sig");
    const bool stored_terms = !q.value("si").empty();
    if (!is_base64(signature) || signature.size() != 44 || has_odd_case(q) || !may_be_used(q) || !may_read(q)) {
        return invalid;
    }
    auto expires = read_life(q, "st", "se");
    if (!expires && !(stored_terms && q.value("se").empty())) {
        return invalid;
    }
    if (!q.value("skoid").empty()) {
        const auto key_ends = read_life(q, "skt", "ske");
        if (!key_ends || !expires) {
            return invalid;
        }
        expires = std::min(*expires, *key_ends);
    }
    const url_signature foreign{url_signer::foreign, expires};
    const auto* own = std::get_if<azure_shared_key>(&q.key);
    const auto text = text_of(q);
    if (own == nullptr || !text) {
        return foreign;
    }
    const auto mac = (*own)->mac(*text);
    const auto expected = base64_encode({reinterpret_cast<const char*>(mac.data()), mac.size()});
    // An account has two keys, of which only the service knows the other.
    return equal_in_constant_time(expected, signature) ? url_signature{url_signer::own, expires} : foreign;
}

} // namespace sluice::sign::verifying
