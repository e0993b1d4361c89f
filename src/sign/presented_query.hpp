#pragma once

#include <sluice/http/query.hpp>
#include <sluice/sign/verify_url.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The parts of `verify_url`, one for each form of a signature.
namespace sluice::sign::verifying {

using time_point = std::chrono::system_clock::time_point;

/// A URL with its query decoded, and what it is checked with. Views of what the caller of `verify_url` has.
struct question {
    const presented_url& url;
    const std::vector<http::query_parameter>& query;
    const url_key& key;
    time_point now;

    /// The value of a parameter, "" where it is absent.
    [[nodiscard]] std::string_view value(std::string_view name) const noexcept {
        const auto* found = http::find_parameter(query, name);
        return found == nullptr ? std::string_view() : std::string_view(*found);
    }
    [[nodiscard]] std::string_view method_name() const noexcept { return url.m == method::get ? "GET" : "HEAD"; }
};

/// Not to be believed.
inline constexpr url_signature invalid{};

/// A number of 1 to `max_digits` digits; nullopt for anything else. `max_digits`: 18 at most.
[[nodiscard]] std::optional<std::chrono::seconds> read_seconds(std::string_view text, std::size_t max_digits);

/// The credentials among `key`, where `id` is theirs and they can still sign; else nullptr.
[[nodiscard]] const identity::aws_credentials* credentials_of(const url_key& key, std::string_view id) noexcept;

/// The verdict of a signature by `own`: `matches` is whether it, and the session token, are right.
[[nodiscard]] url_signature by_own(const identity::aws_credentials& own, bool matches, time_point expires,
                                   time_point now);

/// Whether `token` is the session token of `own`, "" where it has none.
[[nodiscard]] bool has_token_of(const identity::aws_credentials& own, std::string_view token) noexcept;

/// Signature Version 4 in a query, of AWS or of Cloud Storage.
[[nodiscard]] url_signature verify_v4(const question& q, bool google);
/// Signature Version 2 in a query, of AWS (AWSAccessKeyId) or of Cloud Storage (GoogleAccessId).
[[nodiscard]] url_signature verify_v2(const question& q, bool google);
/// A shared access signature.
[[nodiscard]] url_signature verify_sas(const question& q);

} // namespace sluice::sign::verifying
