#pragma once

#include <sluice/config/mapping.hpp>

#include <string>
#include <string_view>

/// Parts of a store that have files of their own, and what they share. Each adds its faults and leaves `s` half filled
/// where there are any.
namespace sluice::config {

/// What is a type's own: all of it but `type` and `prefix`.
void read_s3(reading& r, mapping& m, store& s);
void read_gcs(reading& r, mapping& m, store& s);
void read_azure(reading& r, mapping& m, store& s);

/// ASCII letters and digits, and `marks`.
[[nodiscard]] bool is_alphanumeric(std::string_view text, std::string_view marks);

/// A bucket's name. Wider than the clouds' naming rules (lower case, 3 to 63): older buckets and other servers have
/// more. What is refused is what would change the meaning of a URL.
[[nodiscard]] result<std::string> parse_bucket(std::string_view text);

/// The id of an access key. It is part of the signed credential scope, where `/` and `,` separate (AWS Signature
/// Version 4, GCS V4).
[[nodiscard]] result<std::string> parse_key_id(std::string_view text);

/// `endpoint`, where it is there and not empty.
const node* read_endpoint(mapping& m, result<url> (*parse)(std::string_view), store& s);

/// The endpoint that a variable names; a fault there where it is no URL. False then.
bool take_endpoint(reading& r, const node& variable, result<url> (*parse)(std::string_view), store& s);

/// What every store that is reached by requests has: `url_expiry`, the time-outs, `ca_file`, `parallel`, `hedge_after`.
void read_requests(mapping& m, store& s);

/// `anonymous`, and the mapping at `credentials`; nullptr where there is none to be read. Beside `anonymous` it is a
/// fault, and so is one without a value: it would be a secret that was forgotten.
const node* read_credentials_of(reading& r, mapping& m, store& s);

/// A text that must not be empty, or `{file: PATH}`.
void read_key(mapping& keys, std::string_view key, secret& out);

/// Refuses an endpoint to which a bearer token would go in plain text beyond this machine. `at`: where it was written.
void refuse_token_in_plain(reading& r, const node* at, const store& s);

/// The keys of `credentials` that mean nothing in a store of the type called `type` are faults; `own` are its own.
void refuse_other_credentials(reading& r, mapping& keys, std::string_view type,
                              std::initializer_list<std::string_view> own);

} // namespace sluice::config
