#include <sluice/base/error.hpp>

namespace sluice {

std::string_view to_string(errc code) noexcept {
    switch (code) {
    case errc::connect_failed:
        return "connect_failed";
    case errc::resolve_failed:
        return "resolve_failed";
    case errc::tls_failed:
        return "tls_failed";
    case errc::connection_lost:
        return "connection_lost";
    case errc::timeout:
        return "timeout";
    case errc::protocol_error:
        return "protocol_error";
    case errc::short_body:
        return "short_body";
    case errc::bad_request:
        return "bad_request";
    case errc::header_too_large:
        return "header_too_large";
    case errc::not_implemented:
        return "not_implemented";
    case errc::range_ignored:
        return "range_ignored";
    case errc::range_not_satisfiable:
        return "range_not_satisfiable";
    case errc::forbidden:
        return "forbidden";
    case errc::not_found:
        return "not_found";
    case errc::throttled:
        return "throttled";
    case errc::store_error:
        return "store_error";
    case errc::unexpected_status:
        return "unexpected_status";
    case errc::precondition_failed:
        return "precondition_failed";
    case errc::bad_content_range:
        return "bad_content_range";
    case errc::content_encoded:
        return "content_encoded";
    case errc::validator_changed:
        return "validator_changed";
    case errc::no_validator:
        return "no_validator";
    case errc::cache_off:
        return "cache_off";
    case errc::cache_starting:
        return "cache_starting";
    case errc::cache_full:
        return "cache_full";
    case errc::disk_full:
        return "disk_full";
    case errc::disk_error:
        return "disk_error";
    case errc::too_large:
        return "too_large";
    case errc::fills_limit:
        return "fills_limit";
    case errc::pool_busy:
        return "pool_busy";
    case errc::no_credentials:
        return "no_credentials";
    case errc::sign_failed:
        return "sign_failed";
    case errc::breaker_open:
        return "breaker_open";
    case errc::purged:
        return "purged";
    case errc::canceled:
        return "canceled";
    case errc::bad_config:
        return "bad_config";
    case errc::internal_error:
        return "internal_error";
    }
    return "internal_error";
}

std::string_view to_string(error_source source) noexcept {
    switch (source) {
    case error_source::client:
        return "client";
    case error_source::app:
        return "app";
    case error_source::origin:
        return "origin";
    case error_source::internal:
        return "internal";
    }
    return "internal";
}

error_exception::error_exception(const error& e)
    : std::runtime_error(std::string(to_string(e.code)) + (e.detail.empty() ? "" : ": " + e.detail))
    , what_failed(e) {}

void throw_exception_from_error(const error& e, const boost::source_location& /*where*/) {
    throw error_exception(e);
}

} // namespace sluice
