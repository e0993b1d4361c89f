#include <sluice/sign/verify_url.hpp>

#include "presented_query.hpp"

#include <algorithm>
#include <array>
#include <exception>

namespace sluice::sign {

namespace verifying {

std::optional<std::chrono::seconds> read_seconds(std::string_view text, std::size_t max_digits) {
    if (text.empty() || text.size() > max_digits || !std::ranges::all_of(text, is_digit)) {
        return std::nullopt;
    }
    std::chrono::seconds::rep value = 0;
    for (const char c : text) {
        value = value * 10 + (c - '0');
    }
    return std::chrono::seconds(value);
}

const identity::aws_credentials* credentials_of(const url_key& key, std::string_view id) noexcept {
    const auto* held = std::get_if<identity::aws_credentials_ptr>(&key);
    if (held == nullptr || *held == nullptr || (*held)->access_key_id.empty() || (*held)->secret_access_key.empty()) {
        return nullptr;
    }
    return (*held)->access_key_id == id ? held->get() : nullptr;
}

bool has_token_of(const identity::aws_credentials& own, std::string_view token) noexcept {
    return equal_in_constant_time(own.session_token.reveal(), token);
}

url_signature by_own(const identity::aws_credentials& own, bool matches, time_point expires, time_point now) {
    // "If you created a presigned URL using a temporary token, then the URL expires when the token expires".
    const auto end = own.expires ? std::min(expires, *own.expires) : expires;
    return matches && now < end ? url_signature{url_signer::own, end} : invalid;
}

namespace {

/// The forms of signatures that a URL of a bucket can have, by a parameter that every such URL has.
struct form {
    std::string_view mark; ///< in lower case
    url_signature (*verify)(const question&, bool google);
    bool google;
};
constexpr std::array<form, 4> forms{{{"x-amz-signature", verify_v4, false},
                                     {"x-goog-signature", verify_v4, true},
                                     {"awsaccesskeyid", verify_v2, false},
                                     {"googleaccessid", verify_v2, true}}};

/// Parameters that belong to a signature of some form, in lower case: a URL with one of them alone is not unsigned.
constexpr auto marks = std::to_array<std::string_view>({"x-amz-algorithm", "x-amz-credential", "x-amz-signature",
                                                        "x-goog-algorithm", "x-goog-credential", "x-goog-signature",
                                                        "awsaccesskeyid", "googleaccessid", "signature", "sig"});

bool has_name(const question& q, std::string_view lower) {
    return std::ranges::any_of(q.query, [lower](const auto& each) { return to_lower(each.name) == lower; });
}

url_signature verify_bucket(const question& q) {
    const form* found = nullptr;
    for (const auto& each : forms) {
        if (!has_name(q, each.mark)) {
            continue;
        }
        if (found != nullptr) {
            return invalid; // which one counts is the server's choice
        }
        found = &each;
    }
    return found == nullptr ? invalid : found->verify(q, found->google);
}

/// Whether a path can be what was signed: the slashes that a decoder would add make another one of it.
bool is_plain_path(std::string_view path) {
    const auto lower = to_lower(path);
    return path.starts_with('/') && lower.find("%2f") == std::string::npos && lower.find("%5c") == std::string::npos;
}

} // namespace

} // namespace verifying

url_signature verify_url(const presented_url& url, const url_key& key, std::chrono::system_clock::time_point now) {
    using namespace verifying;
    const auto query = http::strict_query(url.query);
    if (!query || !is_plain_path(url.path)) {
        return invalid;
    }
    const question q{url, *query, key, now};
    if (std::ranges::none_of(marks, [&q](std::string_view mark) { return has_name(q, mark); })) {
        return {url_signer::unsigned_};
    }
    try {
        return url.family == url_family::azure ? verify_sas(q) : verify_bucket(q);
    } catch (const std::exception&) { // OpenSSL itself failed
        return invalid;
    }
}

} // namespace sluice::sign
