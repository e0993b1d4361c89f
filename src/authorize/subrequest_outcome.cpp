#include <sluice/authorize/subrequest_outcome.hpp>

namespace sluice::authorize {

using metrics::fallback_reason;

fallback_reason reason_without_response(const error& e) noexcept {
    return e.code == errc::timeout ? fallback_reason::authorize_timeout : fallback_reason::authorize_error;
}

std::string text_of_failure(const error& e) {
    std::string text(to_string(e.code));
    if (!e.detail.empty()) {
        text.append(": ").append(e.detail);
    }
    return text;
}

fallback_reason reason_of_unreadable(const error& e) noexcept {
    return e.code == errc::too_large ? fallback_reason::too_large : fallback_reason::unresolved;
}

auth_decision decision_of(std::optional<fallback_reason> why) noexcept {
    if (!why) {
        return auth_decision::allowed;
    }
    const bool no_response = *why == fallback_reason::authorize_timeout || *why == fallback_reason::authorize_error;
    return no_response ? auth_decision::error : auth_decision::unresolved;
}

std::string_view result_label(const subrequest_result& r) noexcept {
    switch (r.decision) {
    case auth_decision::allowed:
        return "granted";
    case auth_decision::denied:
        return "denied";
    case auth_decision::unresolved:
        return "unresolved";
    case auth_decision::error:
        break;
    }
    return r.error_reason == fallback_reason::authorize_timeout ? "timeout" : "error";
}

} // namespace sluice::authorize
