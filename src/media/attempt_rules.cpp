#include <sluice/media/attempt_rules.hpp>
#include <sluice/media/error_rules.hpp>

#include <algorithm>

namespace sluice::media {

next_attempt after_attempt(const result<void>& sent, bool head_sent) noexcept {
    if (sent || head_sent) {
        return next_attempt::none;
    }
    const errc code = sent.error().code;
    if (is_uncacheable(code)) {
        return next_attempt::bypass_cache;
    }
    return is_changed(code) || code == errc::canceled ? next_attempt::look_up_again : next_attempt::none;
}

steady_clock::time_point give_up_after(bool head_sent, steady_clock::time_point request_give_up,
                                       steady_clock::time_point last_sent, steady_clock::time_point now,
                                       steady_clock::duration patience, steady_clock::duration fetch_timeout) noexcept {
    return head_sent ? std::max(last_sent + patience, now + fetch_timeout) : request_give_up;
}

bool may_continue_direct(errc code, bool head_sent, std::uint64_t position, std::uint64_t last) noexcept {
    return head_sent && is_uncacheable(code) && position <= last;
}

} // namespace sluice::media
