#include <sluice/media/attempt_rules.hpp>
#include <sluice/media/error_rules.hpp>

namespace sluice::media {

namespace {

/// Transfers begun for one response after its head, where others failed.
constexpr int max_restarts = 8;

} // namespace

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

bool may_restart(bool head_sent, int restarts) noexcept {
    return !head_sent || restarts < max_restarts;
}

bool may_continue_direct(errc code, bool head_sent, std::uint64_t position, std::uint64_t last) noexcept {
    return head_sent && is_uncacheable(code) && position <= last;
}

} // namespace sluice::media
