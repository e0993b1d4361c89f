#pragma once

#include <sluice/base/error.hpp>
#include <sluice/base/secret.hpp>
#include <sluice/config/config.hpp>
#include <sluice/identity/http_client.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What requests to identity services are made of: URLs, forms, fields.
namespace sluice::identity {

/// A parsed URL of a service.
struct service_url {
    config::url server; ///< its path is not set
    std::string target; ///< path and query as they stand, at least "/"
};

/// Parses an absolute http or https URL with any path and query, as in the clouds' environment variables and files.
/// Errors: `errc::bad_config` for anything else, a user, a fragment, or a byte that a target cannot contain; the detail
/// does not quote the text, which may contain a secret.
[[nodiscard]] result<service_url> parse_service_url(std::string_view text);

/// Names and values of a form, decoded. Views.
using form_pairs = std::vector<std::pair<std::string_view, std::string_view>>;

/// Names and values as application/x-www-form-urlencoded, spaces as `%20`; also for a query. The values may be secrets.
[[nodiscard]] secret encode_form(const form_pairs& pairs);

/// A GET of `from`, and a POST of `body` or of a form to `to`.
[[nodiscard]] http_request get_from(const service_url& from);
/// A POST of `body` to `to`.
[[nodiscard]] http_request post_to(const service_url& to, std::string_view content_type, secret body);
/// A POST of `pairs` as application/x-www-form-urlencoded.
[[nodiscard]] http_request post_form(const service_url& to, const form_pairs& pairs);

/// `Bearer …`, the value of an Authorization field (RFC 6750 §2.1).
[[nodiscard]] secret bearer_field(const secret& token);

} // namespace sluice::identity
