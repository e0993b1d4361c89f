#include <sluice/relay/failure.hpp>
#include <sluice/relay/waiting_page.hpp>

#include <algorithm>
#include <array>

namespace sluice::relay {

bool is_idempotent(std::string_view method) noexcept {
    constexpr std::array<std::string_view, 6> methods{"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"};
    return std::ranges::find(methods, method) != methods.end();
}

bool may_retry(const failed_attempt& attempt, std::string_view method) noexcept {
    return attempt.why == errc::connection_lost && attempt.reused && !attempt.response_begun &&
           !attempt.body_streamed && is_idempotent(method);
}

failure_response response_to(const error& why, bool client_open, bool waits_for_start) noexcept {
    if (why.source == error_source::client) {
        if (why.code == errc::bad_request) {
            return failure_response::bad_request;
        }
        return why.code == errc::timeout && client_open ? failure_response::request_timeout : failure_response::none;
    }
    if (waits_for_start && is_not_up(why)) {
        return failure_response::waiting_page;
    }
    return why.code == errc::timeout ? failure_response::gateway_timeout : failure_response::bad_gateway;
}

} // namespace sluice::relay
