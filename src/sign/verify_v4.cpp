#include <sluice/identity/google/rsa_key.hpp>
#include <sluice/identity/rfc3339.hpp>
#include <sluice/sign/signature_v4.hpp>

#include "presented_query.hpp"

#include <algorithm>
#include <array>

namespace sluice::sign::verifying {

namespace {

/// By how much clocks may differ: S3 and Cloud Storage accept a date of up to 15 minutes ahead.
constexpr std::chrono::minutes max_skew{15};

/// The names of the parameters, which differ by their prefix.
struct names {
    std::string_view algorithm;
    std::string_view credential;
    std::string_view date;
    std::string_view expires;
    std::string_view signed_headers;
    std::string_view signature;
};
constexpr names amz{"X-Amz-Algorithm", "X-Amz-Credential",    "X-Amz-Date",
                    "X-Amz-Expires",   "X-Amz-SignedHeaders", "X-Amz-Signature"};
constexpr names goog{"X-Goog-Algorithm", "X-Goog-Credential",    "X-Goog-Date",
                     "X-Goog-Expires",   "X-Goog-SignedHeaders", "X-Goog-Signature"};
constexpr std::string_view content_hash = "X-Amz-Content-Sha256";
constexpr std::string_view security_token = "X-Amz-Security-Token";

/// What a URL says of its signature. Views of its query.
struct claims {
    v4_scope scope;
    std::string_view signature; ///< lower-case hex
    time_point expires;
};

bool is_lower_hex(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}

/// `YYYYMMDDTHHMMSSZ`, and nothing else.
std::optional<time_point> read_timestamp(std::string_view text) {
    if (text.size() != 16 || text[8] != 'T') {
        return std::nullopt;
    }
    std::string whole(text.substr(0, 4));
    whole.append("-").append(text.substr(4, 2)).append("-").append(text.substr(6, 3)).append(text.substr(9, 2));
    whole.append(":").append(text.substr(11, 2)).append(":").append(text.substr(13));
    const auto time = identity::parse_rfc3339(whole);
    return time && amz_timestamp(*time) == text ? time : std::nullopt;
}

const v4_dialect* dialect_of(std::string_view algorithm, bool google) {
    if (!google) {
        return algorithm == aws4.algorithm ? &aws4 : nullptr;
    }
    if (algorithm == goog4_rsa.algorithm) {
        return &goog4_rsa;
    }
    return algorithm == goog4_hmac.algorithm ? &goog4_hmac : nullptr;
}

/// The last part of `text` after a "/", which is cut off with it; "" where there is none.
std::string_view take_last(std::string_view& text) {
    const auto slash = text.rfind('/');
    if (slash == std::string_view::npos) {
        return {};
    }
    const auto last = text.substr(slash + 1);
    text = text.substr(0, slash);
    return last;
}

/// `<id>/<YYYYMMDD>/<region>/<service>/<terminator>`, of the date and the dialect of `scope`.
bool read_credential(std::string_view text, v4_scope& scope) {
    const auto terminator = take_last(text);
    scope.service = take_last(text);
    scope.region = take_last(text);
    const auto date = take_last(text);
    scope.access_key_id = text;
    return terminator == scope.dialect->terminator && date == scope.timestamp.substr(0, 8) && !scope.region.empty() &&
           scope.service == (scope.dialect == &aws4 ? "s3" : "storage") && !text.empty();
}

/// What the URL says, where it is well-formed, alive, and signed with no other field than Host.
std::optional<claims> read_claims(const question& q, const names& by, bool google) {
    claims said;
    said.scope.dialect = dialect_of(q.value(by.algorithm), google);
    said.scope.timestamp = q.value(by.date);
    const auto begin = read_timestamp(said.scope.timestamp);
    // "The minimum value you can set is 1, and the maximum is 604800 (seven days)."
    const auto life = read_seconds(q.value(by.expires), 6);
    // A date far ahead is refused before anything is added to it.
    if (said.scope.dialect == nullptr || !begin || *begin > q.now + max_skew || !life ||
        *life < std::chrono::seconds(1) || *life > max_presigned_lifetime ||
        !read_credential(q.value(by.credential), said.scope)) {
        return std::nullopt;
    }
    said.expires = *begin + *life;
    said.signature = q.value(by.signature);
    // Of HMAC-SHA256, or of RSA with 2,048 to 8,192 bits.
    const auto digits = said.signature.size();
    const bool fits =
        said.scope.dialect == &goog4_rsa ? digits >= 512 && digits <= 2048 && digits % 2 == 0 : digits == 64;
    return fits && is_lower_hex(said.signature) && q.now < said.expires && q.value(by.signed_headers) == "host"
               ? std::optional(said)
               : std::nullopt;
}

/// The hash of the payload that was signed: that of the query, where SDKs put it, else "UNSIGNED-PAYLOAD"; "" for one
/// that is none.
std::string_view payload_of(const question& q, bool google) {
    const auto* said = google ? nullptr : http::find_parameter(q.query, content_hash);
    if (said == nullptr || *said == unsigned_payload) {
        return unsigned_payload;
    }
    return said->size() == 64 && is_lower_hex(*said) ? std::string_view(*said) : std::string_view();
}

/// The steps to the signature that the URL must have, with this Host.
v4_signature steps_with(const question& q, const claims& said, const names& by, std::string_view host,
                        std::string_view payload) {
    std::vector<field_view> query;
    query.reserve(q.query.size());
    for (const auto& each : q.query) {
        if (each.name != by.signature) {
            query.push_back({each.name, each.value});
        }
    }
    // "URI-encode every byte […] except '/'": servers encode what they decoded, however it was written.
    const auto decoded = percent_decode(q.url.path);
    const std::string path = percent_encode(decoded ? *decoded : std::string(), slash::keep);
    const std::array<field_view, 1> headers{{{"host", host}}};
    v4_request request;
    request.method = q.method_name();
    request.path = path;
    request.query = query;
    request.headers = headers;
    request.payload_hash = payload;
    return v4_steps(request, said.scope);
}

std::string unhex(std::string_view digits) {
    std::string bytes;
    bytes.reserve(digits.size() / 2);
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        bytes += static_cast<char>(hex_value(digits[i]) * 16 + hex_value(digits[i + 1]));
    }
    return bytes;
}

/// The text that may have been signed: with the host as it is written, or as clients send it.
bool any_text(const question& q, const claims& said, const names& by, std::string_view payload, const auto& is_signed) {
    if (is_signed(steps_with(q, said, by, q.url.authority, payload).string_to_sign)) {
        return true;
    }
    return q.url.host_field != q.url.authority &&
           is_signed(steps_with(q, said, by, q.url.host_field, payload).string_to_sign);
}

} // namespace

url_signature verify_v4(const question& q, bool google) {
    const names& by = google ? goog : amz;
    const auto said = read_claims(q, by, google);
    const auto payload = payload_of(q, google);
    if (!said || payload.empty()) {
        return invalid;
    }
    const url_signature foreign{url_signer::foreign, said->expires};
    const auto& scope = said->scope;
    if (scope.dialect == &goog4_rsa) {
        const auto* own = std::get_if<account_key>(&q.key);
        if (own == nullptr || own->email != scope.access_key_id) {
            return foreign;
        }
        const auto signature = unhex(said->signature);
        const bool ours =
            any_text(q, *said, by, payload, [&](const std::string& text) { return own->key->verify(text, signature); });
        // An account may have other keys, of which only the store knows.
        return ours ? url_signature{url_signer::own, said->expires} : foreign;
    }
    const auto* own = credentials_of(q.key, scope.access_key_id);
    if (own == nullptr) {
        return foreign;
    }
    auto derived = v4_signing_key(own->secret_access_key.reveal(), scope.timestamp.substr(0, 8), scope.region,
                                  scope.service, *scope.dialect);
    const hmac_key key(derived);
    wipe(derived);
    const bool ours = any_text(q, *said, by, payload, [&](const std::string& text) {
        return equal_in_constant_time(hex(key.mac(text)), said->signature);
    });
    const bool token = google || has_token_of(*own, q.value(security_token));
    return by_own(*own, ours && token, said->expires, q.now);
}

} // namespace sluice::sign::verifying
