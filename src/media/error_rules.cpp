#include <sluice/media/error_rules.hpp>

namespace sluice::media {

bool is_uncacheable(errc code) noexcept {
    switch (code) {
    case errc::no_validator:
    case errc::cache_off:
    case errc::cache_starting:
    case errc::cache_full:
    case errc::disk_full:
    case errc::disk_error:
    case errc::too_large:
    case errc::fills_limit:
    case errc::pool_busy:
    case errc::purged:
        return true;
    default:
        return false;
    }
}

bool is_changed(errc code) noexcept {
    return code == errc::precondition_failed || code == errc::validator_changed;
}

bool is_outage(const error& e) noexcept {
    switch (e.code) {
    case errc::connect_failed: // also where a proxy or a certificate refuses every time: the store has not spoken
    case errc::resolve_failed:
    case errc::tls_failed:
    case errc::breaker_open:
    case errc::no_credentials:
        return true;
    default:
        return e.retryable;
    }
}

} // namespace sluice::media
