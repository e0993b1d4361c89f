#pragma once

#include <sluice/base/text.hpp>

#include <span>
#include <string>
#include <string_view>

/// The canonical forms of AWS Signature Version 4, which GCS V4 shares. Pure functions of bytes: none decodes,
/// normalises or looks at UTF-8. Rules: Amazon S3 API Reference, "Signature Calculations for the Authorization Header"
/// (sig-v4-header-based-auth), and IAM User Guide, "Create a signed AWS API request".
namespace sluice::sign {

/// A name and a value that live elsewhere: a query parameter (decoded) or a header field (as it is sent).
struct field_view {
    std::string_view name;
    std::string_view value;
};

/// Names and values encoded, sorted by encoded name and then by encoded value, joined; a name without a value is
/// `name=`. Duplicates are kept.
[[nodiscard]] std::string canonical_query(std::span<const field_view> parameters);

/// The headers as they are signed.
struct canonical_header_block {
    std::string lines;          ///< `name:value\n` for each name
    std::string signed_headers; ///< `name;name;…`
};

/// Names in lower case and sorted; values trimmed, inner runs of spaces and tabs made one space, those of one name
/// joined by commas in their order. Values with line breaks are the caller's to refuse.
[[nodiscard]] canonical_header_block canonical_headers(std::span<const field_view> headers);

} // namespace sluice::sign
