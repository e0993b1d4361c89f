#include <sluice/cache/validation_state.hpp>

namespace sluice::cache {

namespace {

/// Older than anything can be fresh for.
constexpr auto far_past = std::chrono::hours(24 * 365 * 10);

/// Raises `value` to `number`; false where it was as high.
bool raise(std::atomic<std::uint64_t>& value, std::uint64_t number) noexcept {
    std::uint64_t before = value.load(std::memory_order_relaxed);
    while (before < number && !value.compare_exchange_weak(before, number)) {
    }
    return before < number;
}

} // namespace

validation_state::mark_result validation_state::mark(std::uint64_t number) noexcept {
    const bool first = !must_revalidate();
    return !raise(marked_, number) ? mark_result::known : first ? mark_result::first : mark_result::newer;
}

void validation_state::confirm(std::uint64_t marked_then) noexcept {
    raise(confirmed_, marked_then);
    set_checked(steady_clock::now(), std::chrono::system_clock::now());
}

void validation_state::restore(std::chrono::system_clock::time_point checked) noexcept {
    const auto age = std::chrono::system_clock::now() - checked;
    const auto now = steady_clock::now();
    set_checked(age.count() < 0 ? now - far_past : now - std::chrono::duration_cast<steady_clock::duration>(age),
                checked);
}

void validation_state::set_checked(steady_clock::time_point steady,
                                   std::chrono::system_clock::time_point wall) noexcept {
    checked_steady_.store(steady.time_since_epoch().count(), std::memory_order_relaxed);
    checked_wall_.store(std::chrono::duration_cast<std::chrono::milliseconds>(wall.time_since_epoch()).count(),
                        std::memory_order_relaxed);
}

} // namespace sluice::cache
