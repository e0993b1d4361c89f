#include <sluice/base/assert.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/sign/signature_v4.hpp>

#include <algorithm>
#include <cstdint>

namespace sluice::sign {

namespace {

error failed(std::string detail) {
    return {errc::sign_failed, error_source::internal, false, std::move(detail)};
}

// A line break would turn one field into two, in the signature and on the wire.
result<void> check(const v4_request& request, const v4_scope& scope) {
    if (!request.path.starts_with('/') || !http::is_field_value(request.path)) {
        return failed("the path is not absolute or contains a control character");
    }
    if (request.authority.empty() || !http::is_field_value(request.authority)) {
        return failed("the host is empty or contains a control character");
    }
    if (!http::is_field_value(scope.access_key_id) || !http::is_field_value(scope.session_token)) {
        return failed("the access key id or the session token contains a control character");
    }
    for (const field_view& header : request.headers) {
        if (header.name.empty() || !http::is_field_value(header.name) || !http::is_field_value(header.value)) {
            return failed("a header field has no name or contains a control character");
        }
    }
    return {};
}

std::string_view date_of(const v4_scope& scope) {
    return scope.timestamp.substr(0, 8);
}

// "<yyyymmdd>/<AWS Region>/s3/aws4_request"; "[DATE]/[LOCATION]/storage/goog4_request"
void append_scope(std::string& out, const v4_scope& scope) {
    out += date_of(scope);
    out += '/';
    out += scope.region;
    out += '/';
    out += scope.service;
    out += '/';
    out += scope.dialect->terminator;
}

std::string credential(const v4_scope& scope) {
    std::string text;
    text.reserve(scope.access_key_id.size() + scope.region.size() + 48);
    text += scope.access_key_id;
    text += '/';
    append_scope(text, scope);
    return text;
}

std::string join_target(std::string_view path, std::string_view query) {
    std::string target;
    target.reserve(path.size() + query.size() + 1 + 17 + 64); // with a signature after it
    target += path;
    if (!query.empty()) {
        target += '?';
        target += query;
    }
    return target;
}

} // namespace

std::string amz_timestamp(std::chrono::system_clock::time_point time) {
    // "The date and time format must follow the ISO 8601 standard, and must be formatted with the "yyyyMMddTHHmmssZ"
    // format"
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
    std::string text = "00000000T000000Z";
    const auto put = [&text](std::size_t last,
                             auto value) { // std::format would take a tenth of the time of a signature
        for (auto rest = static_cast<unsigned>(value); rest != 0; rest /= 10) {
            text[last--] = static_cast<char>('0' + rest % 10);
        }
    };
    put(3, static_cast<int>(date.year()));
    put(5, static_cast<unsigned>(date.month()));
    put(7, static_cast<unsigned>(date.day()));
    put(10, clock.hours().count());
    put(12, clock.minutes().count());
    put(14, clock.seconds().count());
    return text;
}

sha256_digest v4_signing_key(std::string_view secret_access_key, std::string_view date, std::string_view region,
                             std::string_view service, const v4_dialect& dialect) {
    // "DateKey = HMAC-SHA256("AWS4"+"<SecretAccessKey>", "<YYYYMMDD>"), DateRegionKey = HMAC-SHA256(<DateKey>,
    // "<aws-region>"), DateRegionServiceKey = HMAC-SHA256(<DateRegionKey>, "<aws-service>"), SigningKey =
    // HMAC-SHA256(<DateRegionServiceKey>, "aws4_request")"
    std::vector<std::uint8_t> seed;
    seed.reserve(secret_access_key.size() +
                 dialect.key_prefix.size()); // at once, since growing would leave copies of the secret behind
    const auto prefix = as_key(dialect.key_prefix);
    const auto secret_bytes = as_key(secret_access_key);
    seed.insert(seed.end(), prefix.begin(), prefix.end());
    seed.insert(seed.end(), secret_bytes.begin(), secret_bytes.end());

    sha256_digest key = hmac_sha256(seed, date);
    wipe(seed);
    for (const std::string_view part : {region, service, dialect.terminator}) {
        sha256_digest next = hmac_sha256(key, part);
        wipe(key);
        key = next;
        wipe(next);
    }
    return key;
}

namespace {

/// All of a signature but itself; `query` and `headers` are those of `request`.
v4_signature steps_to(const v4_request& request, std::string query, canonical_header_block headers,
                      const v4_scope& scope) {
    v4_signature steps;
    steps.query = std::move(query);
    steps.signed_headers = std::move(headers.signed_headers);

    // "<HTTPMethod>\n<CanonicalURI>\n<CanonicalQueryString>\n<CanonicalHeaders>\n<SignedHeaders>\n<HashedPayload>";
    // each header's line ends in "\n", which makes the empty line. The path goes as it is: "You do not normalize URI
    // paths for requests to Amazon S3."
    std::string& text = steps.canonical_request;
    text.reserve(request.path.size() + steps.query.size() + headers.lines.size() + steps.signed_headers.size() + 96);
    text += request.method;
    text += '\n';
    text += request.path;
    text += '\n';
    text += steps.query;
    text += '\n';
    text += headers.lines;
    text += '\n';
    text += steps.signed_headers;
    text += '\n';
    text += request.payload_hash;

    // ""AWS4-HMAC-SHA256" + "\n" + timeStampISO8601Format + "\n" + <Scope> + "\n" +
    // Hex(SHA256Hash(<CanonicalRequest>))"
    std::string& to_sign = steps.string_to_sign;
    to_sign.reserve(192);
    to_sign += scope.dialect->algorithm;
    to_sign += '\n';
    to_sign += scope.timestamp;
    to_sign += '\n';
    append_scope(to_sign, scope);
    to_sign += '\n';
    append_hex(to_sign, sha256(text));
    return steps;
}

/// The names of the parameters that a signature adds, built once for each dialect.
struct parameter_names {
    explicit parameter_names(std::string_view prefix)
        : algorithm(std::string(prefix) + "Algorithm")
        , credential(std::string(prefix) + "Credential")
        , date(std::string(prefix) + "Date")
        , expires(std::string(prefix) + "Expires")
        , signed_headers(std::string(prefix) + "SignedHeaders")
        , security_token(std::string(prefix) + "Security-Token") {}
    std::string algorithm;
    std::string credential;
    std::string date;
    std::string expires;
    std::string signed_headers;
    std::string security_token;
};

const parameter_names& names_of(const v4_dialect& dialect) {
    static const parameter_names amz(aws4.prefix);
    static const parameter_names goog(goog4_rsa.prefix);
    return dialect.prefix == aws4.prefix ? amz : goog;
}

} // namespace

v4_signature v4_steps(const v4_request& request, const v4_scope& scope) {
    return steps_to(request, canonical_query(request.query), canonical_headers(request.headers), scope);
}

v4_signature v4_sign(const v4_request& request, const v4_scope& scope, const hmac_key& key) {
    v4_signature steps = v4_steps(request, scope);
    steps.signature = hex(key.mac(steps.string_to_sign));
    return steps;
}

result<v4_presigned> v4_prepare(const v4_request& request, const v4_scope& scope, std::chrono::seconds expires) {
    // X-Amz-Expires: "The minimum value you can set is 1, and the maximum is 604800 (seven days)."
    if (expires < std::chrono::seconds(1) || expires > max_presigned_lifetime) {
        return failed("a URL's lifetime must be 1 to 604800 seconds");
    }
    if (const auto checked = check(request, scope); !checked) {
        return checked.error();
    }
    std::vector<field_view> headers{{"host", request.authority}};
    headers.insert(headers.end(), request.headers.begin(), request.headers.end());
    canonical_header_block block = canonical_headers(headers);
    const std::string credential_value = credential(scope);
    const std::string expires_value = std::to_string(expires.count());
    const parameter_names& names = names_of(*scope.dialect);

    std::vector<field_view> query;
    query.reserve(request.query.size() + 6);
    query.assign(request.query.begin(), request.query.end());
    query.insert(query.end(), {{names.algorithm, scope.dialect->algorithm},
                               {names.credential, credential_value},
                               {names.date, scope.timestamp},
                               {names.expires, expires_value},
                               {names.signed_headers, block.signed_headers}});
    // "X-Amz-Security-Token: the credential value of the temporary security credentials": part of the signed query.
    if (!scope.session_token.empty()) {
        query.push_back({names.security_token, scope.session_token});
    }
    std::string canonical = canonical_query(query);

    // The payload is `unsigned_payload` where the request says nothing else: "you don't know the payload content […]
    // Instead, you use a constant string UNSIGNED-PAYLOAD."
    v4_presigned prepared;
    prepared.steps = steps_to(request, std::move(canonical), std::move(block), scope);
    prepared.target = join_target(request.path, prepared.steps.query);
    return prepared;
}

void v4_attach(v4_presigned& prepared, const v4_dialect& dialect, std::string signature) {
    SLUICE_ASSERT(prepared.steps.signature.empty()); // a second one would be sent as part of the first
    // "all the query parameters […] except for X-Amz-Signature": it comes after the canonical query.
    prepared.target += '&';
    prepared.target += dialect.prefix;
    prepared.target += "Signature=";
    prepared.target += signature;
    prepared.steps.signature = std::move(signature);
}

result<v4_presigned> v4_presign(const v4_request& request, const v4_scope& scope, std::chrono::seconds expires,
                                const hmac_key& key) {
    auto presigned = v4_prepare(request, scope, expires);
    if (presigned) {
        v4_attach(*presigned, *scope.dialect, hex(key.mac(presigned->steps.string_to_sign)));
    }
    return presigned;
}

} // namespace sluice::sign
