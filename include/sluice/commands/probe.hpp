#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// What the response of a store tells about the permission to read. Pure.
namespace sluice::commands {

/// Whether the store may be read. `unclear`: it responds the same to who may read and to who may not.
enum class read_access : std::uint8_t { granted, unclear, refused };

struct probe_result {
    read_access access{read_access::refused};
    std::string text; ///< one line: the status and the cloud's own code and message; no URL, signature or token
};

/// Classifies the response to a GET of an object that does not exist. `body`: the error in XML, as S3, GCS and Azure
/// write it.
///
/// 404 for the object means `granted`: bucket, signature and permissions are in order. So does 403 where it names the
/// permission to list (`s3:ListBucket`, `storage.objects.list`), which is all that is missing for a 404. `anonymous`: a
/// plain AccessDenied is `unclear`, as public buckets that cannot be listed respond with it too.
[[nodiscard]] probe_result classify_probe(unsigned status, std::string_view body, bool anonymous);

/// `text` as one line of about 300 bytes at most, without control characters. Words that look like a URL, or that are
/// long enough to be a token or a signature, become `[...]`.
[[nodiscard]] std::string without_secrets(std::string_view text);

} // namespace sluice::commands
