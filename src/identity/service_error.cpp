#include <sluice/identity/service_error.hpp>

#include <string>

namespace sluice::identity {

error no_credentials(std::string_view service, std::string_view what, retryable again, error_source source) {
    return {errc::no_credentials, source, again == retryable::yes, std::string(service).append(": ").append(what)};
}

error no_response(std::string_view service, const error& e, retryable again) {
    const std::string_view code = to_string(e.code);
    std::string what = e.detail;
    if (what.find(code) == std::string::npos) { // `pooled_http_client` has it in its details already
        what = what.empty() ? std::string(code) : std::string(code) + ": " + what;
    }
    return no_credentials(service, what, again, e.source);
}

retryable retryable_status(unsigned status) noexcept {
    return status == 408 || status == 429 || status >= 500 ? retryable::yes : retryable::no;
}

} // namespace sluice::identity
