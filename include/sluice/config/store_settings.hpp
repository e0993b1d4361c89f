#pragma once

#include <sluice/config/mapping.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

/// Settings that several kinds of stores have in common, for `store_kind::read`. Each reader adds what is wrong to the
/// reading and leaves `s` half filled where anything is.
namespace sluice::config {

/// The keys that `read_requests`, `read_credentials_of` and `read_endpoint` read: those of every store that is reached
/// by requests.
inline constexpr std::array<std::string_view, 9> request_keys{"endpoint",         "url_expiry", "connect_timeout",
                                                              "response_timeout", "ca_file",    "parallel",
                                                              "hedge_after",      "anonymous",  "owner"};

/// The keys of a kind: `request_keys`, `credentials` and its own.
template <std::size_t N>
[[nodiscard]] constexpr auto with_request_keys(const std::array<std::string_view, N>& own) {
    std::array<std::string_view, N + request_keys.size() + 1> all{};
    auto end = std::ranges::copy(own, all.begin()).out;
    end = std::ranges::copy(request_keys, end).out;
    *end = "credentials";
    return all;
}

/// ASCII letters and digits, and `marks`.
[[nodiscard]] bool is_alphanumeric(std::string_view text, std::string_view marks);

/// A bucket's name. Wider than the clouds' naming rules (lower case, 3 to 63): older buckets and other servers have
/// more. What is refused is what would change the meaning of a URL.
[[nodiscard]] result<std::string> parse_bucket(std::string_view text);

/// The id of an access key. It is part of the signed credential scope, where `/` and `,` separate (AWS Signature
/// Version 4, GCS V4).
[[nodiscard]] result<std::string> parse_key_id(std::string_view text);

/// Reads `endpoint`, where it is there and not empty. Returns its node, nullptr where nothing was read.
const node* read_endpoint(mapping& m, result<url> (*parse)(std::string_view), store& s);

/// Sets the endpoint from the variable in `variable`. Returns false, with an error added, where it is no URL.
bool take_endpoint(reading& r, const node& variable, result<url> (*parse)(std::string_view), store& s);

/// Reads what every store that is reached by requests has: `url_expiry`, the time-outs, `ca_file`, `owner`, `parallel`,
/// `hedge_after`.
void read_requests(mapping& m, store& s);

/// Reads `anonymous`. Returns the value of `credentials`, or nullptr where there is none to read: both together are an
/// error, and so are credentials without a value, which are most likely a secret that was forgotten.
const node* read_credentials_of(reading& r, mapping& m, store& s);

/// Reads the id of an access key, which is needed: a text, or `{file: PATH}`.
void read_key_id(mapping& keys, std::string_view key, std::string& out);

/// Reads a secret that is needed and must not be empty: a text, or `{file: PATH}`.
void read_key(mapping& keys, std::string_view key, secret& out);

/// Refuses a plain http endpoint beyond this machine, for stores whose requests carry a bearer token. `at`: the
/// endpoint's node; nullptr: nothing to refuse.
void refuse_token_in_plain(reading& r, const node* at, const store& s);

/// Refuses the keys of `credentials` that only other kinds of stores know.
void refuse_other_credentials(reading& r, mapping& keys, const store_traits& kind);

} // namespace sluice::config
