#pragma once

#include <sluice/identity/google/adc_file.hpp>

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <string_view>

/// How the members of a credentials file are read. All throw `std::invalid_argument` that names the member.
namespace sluice::identity::adc {

using json_object = boost::json::object;

/// Throws "Google credentials: `why`".
[[noreturn]] void refuse(const std::string& why);

/// The object `name`; nullptr where there is none.
[[nodiscard]] const json_object* object_in(const json_object& in, std::string_view name);

/// A member that must be there. Its text goes into URLs, header fields and logs, or is a secret: printable ASCII in
/// either case.
[[nodiscard]] std::string required_text(const json_object& in, std::string_view name);
[[nodiscard]] secret required_secret(const json_object& in, std::string_view name);

/// A member that may be absent, and is then `otherwise`.
[[nodiscard]] std::string optional_text(const json_object& in, std::string_view name, std::string otherwise);

/// `text`, of the member `name`, as a URL that secrets may be sent to.
[[nodiscard]] service_url url_of(const std::string& text, std::string_view name);

/// The parts of workload identity federation (AIP-4117).
[[nodiscard]] google_external_account read_external_account(const json_object& in, const std::string& universe);
/// nullopt where the file names no other account to act as.
[[nodiscard]] std::optional<google_impersonation> read_impersonation(const json_object& in);

} // namespace sluice::identity::adc
