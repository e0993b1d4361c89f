#include "label_values.hpp"

#include <sluice/base/error.hpp>
#include <sluice/metrics/fallback_reason.hpp>

namespace sluice::metrics {

std::vector<std::string_view> known_fallback_reasons() {
    std::vector<std::string_view> known{
        to_string(errc::connect_failed),    to_string(errc::resolve_failed),
        to_string(errc::tls_failed),        to_string(errc::connection_lost),
        to_string(errc::timeout),           to_string(errc::protocol_error),
        to_string(errc::short_body),        to_string(errc::header_too_large),
        to_string(errc::forbidden),         to_string(errc::not_found),
        to_string(errc::throttled),         to_string(errc::store_error),
        to_string(errc::unexpected_status), to_string(errc::precondition_failed),
        to_string(errc::bad_content_range), to_string(errc::content_encoded),
        to_string(errc::validator_changed), to_string(errc::disk_error),
        to_string(errc::no_credentials),    to_string(errc::sign_failed),
        to_string(errc::breaker_open),      to_string(errc::canceled),
    };
    for (const auto reason : fallback_reasons) {
        known.push_back(to_string(reason));
    }
    return known;
}

std::array<std::string_view, 5> write_error_reasons() {
    return {to_string(errc::disk_full), to_string(errc::disk_error), "checksum", "locked", "open"};
}

} // namespace sluice::metrics
