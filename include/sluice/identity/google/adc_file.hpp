#pragma once

#include <sluice/identity/environment.hpp>
#include <sluice/identity/form.hpp>
#include <sluice/identity/google/rsa_key.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// The credentials files of Application Default Credentials ("How Application Default Credentials works"; AIP-4110).
namespace sluice::identity {

/// `service_account`: a private key (AIP-4111, "Service account keys").
struct google_service_account {
    std::string email;
    std::string key_id; ///< "": unknown
    std::shared_ptr<const rsa_key> key;
    service_url token;
    std::string token_text; ///< as it stands in the file: the assertion's audience
};

/// `authorized_user`: what `gcloud auth application-default login` leaves, for a developer's machine.
struct google_authorized_user {
    std::string client_id;
    secret client_secret;
    secret refresh_token;
    service_url token;
};

/// Where the subject token of a federated identity comes from: a file or a URL, as plain text or as a member of a JSON
/// object.
struct google_subject_token_source {
    std::string file; ///< "": from the URL
    service_url url{};
    std::vector<std::pair<std::string, secret>> fields{}; ///< to send to the URL
    std::string member;                                   ///< "": all of the text is the token
};

/// `external_account`: workload identity federation (AIP-4117).
struct google_external_account {
    std::string audience;
    std::string subject_token_type;
    service_url token;
    google_subject_token_source subject;
};

/// A service account that the identity of the file acts as (IAM Credentials, generateAccessToken).
struct google_impersonation {
    service_url url;
    std::string email;
    std::vector<std::string> delegates{};
    std::chrono::seconds lifetime{3600};
};

/// A credentials file: whose it is, and as whom to act.
struct adc_file {
    std::variant<google_service_account, google_authorized_user, google_external_account> who;
    std::optional<google_impersonation> as{};
    std::string universe{"googleapis.com"}; ///< the domain of all services
};

/// Parses a credentials file. Throws `std::invalid_argument` that says what is wrong and quotes nothing secret: for
/// text that is not JSON, an unknown type, a missing or malformed member, an http URL that secrets would be sent to,
/// and for subject tokens that Sluice cannot get: those of `executable`, `aws1` and `certificate` sources.
[[nodiscard]] adc_file parse_adc_file(const secret& json);

/// The file that the environment points to: GOOGLE_APPLICATION_CREDENTIALS, else gcloud's own in CLOUDSDK_CONFIG or in
/// ~/.config/gcloud. nullopt where there is none. Throws `std::invalid_argument` for a file that is named, or exists,
/// but cannot be read.
[[nodiscard]] std::optional<secret> find_adc_file(const environment& env);

} // namespace sluice::identity
