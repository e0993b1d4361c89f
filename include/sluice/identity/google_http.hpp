#pragma once

#include <sluice/identity/caller.hpp>
#include <sluice/identity/credentials.hpp>
#include <sluice/identity/form.hpp>

#include <boost/json/value.hpp>

#include <initializer_list>
#include <string>
#include <string_view>

/// What the calls to Google's identity services have in common: their URLs, forms, answers and errors.
namespace sluice::identity {

/// Where a URL may be in plain http.
enum class plain_http {
    to_this_machine, ///< for what is sent secrets: http to loopback only, as a test or a local helper has it
    anywhere,        ///< for metadata services, which have no https
};

/// As `parse_service_url`. Throws `std::invalid_argument` that names the URL `what`, also for http where it is not
/// allowed.
[[nodiscard]] service_url parse_google_url(std::string_view text, std::string_view what,
                                           plain_http where = plain_http::to_this_machine);

/// Parsed JSON whose memory is wiped when it goes. Holds nullptr as `value` where the text is no JSON.
class secret_json {
public:
    explicit secret_json(std::string_view text);
    /// The object that the text is; nullptr where it is none.
    [[nodiscard]] const boost::json::object* object() const noexcept { return value_.if_object(); }
    /// The text member `name`; "" where it is absent or no text. Valid as long as this lives.
    [[nodiscard]] std::string_view text(std::string_view name) const noexcept;
    [[nodiscard]] static std::string_view text(const boost::json::object& in, std::string_view name) noexcept;

private:
    boost::json::value value_;
};

/// A POST of `body` to `to`.
[[nodiscard]] call post_to(const service_url& to, std::string_view content_type, secret body);

/// An access token fit for a field: visible ASCII (RFC 6750 §2.1 has less), at most 16 KiB.
[[nodiscard]] bool fit_for_field(std::string_view token) noexcept;

/// `Bearer …`, the value of an Authorization field.
[[nodiscard]] secret bearer_field(const secret& token);

/// The answer of a token endpoint (RFC 6749 §5.1): `access_token`, `expires_in` as a number or as its text. Anything
/// else is an error as for `source::fetch`, the service's own words in it (RFC 6749 §5.2, or Google's API errors), but
/// none that repeat a word of `sent`.
[[nodiscard]] result<bearer_token> read_token(std::string_view service, const result<reply>& answer, time_point now,
                                              std::initializer_list<std::string_view> sent);

/// The error of a call that gave no answer, or another than 200; for what `read_token` does not read. Retryable: no
/// answer, 408, 425, 429 and 5xx.
[[nodiscard]] error google_refusal(std::string_view service, const result<reply>& answer,
                                   std::initializer_list<std::string_view> sent);

/// An answer that means nothing.
[[nodiscard]] error google_nonsense(std::string_view service, std::string_view what);

} // namespace sluice::identity
