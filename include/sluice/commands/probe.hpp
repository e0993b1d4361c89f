#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// What a store's answer tells about leave to read. Pure.
namespace sluice::commands {

/// `unclear`: the store would say the same to one who may read.
enum class verdict : std::uint8_t { good, unclear, bad };

struct finding {
    verdict said{verdict::bad};
    std::string text; ///< one line: the status and the cloud's own code and message; no URL, signature or token
};

/// Judges the answer to a GET of an object that surely does not exist. `body`: XML as S3, GCS and Azure write errors.
///
/// 404 for the object is good: bucket, signature and leave are in order. So is 403 where it names the permission to
/// list (`s3:ListBucket`, `storage.objects.list`), which is all that is missing to say 404 instead. `anonymous`: a
/// plain AccessDenied is unclear, as public buckets that cannot be listed say it too.
[[nodiscard]] finding judge_probe(unsigned status, std::string_view body, bool anonymous);

/// `text` as one line of at most 300 bytes without control characters, in which words that look like a URL, or that are
/// long enough to be a token or a signature, are left out.
[[nodiscard]] std::string without_secrets(std::string_view text);

} // namespace sluice::commands
