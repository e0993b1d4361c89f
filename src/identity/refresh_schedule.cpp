#include <sluice/identity/refresh_schedule.hpp>

#include <algorithm>
#include <cstdint>
#include <random>

namespace sluice::identity {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr milliseconds min_wait{100};

/// `d` more or less by up to a fifth.
milliseconds jittered(milliseconds d, double random) {
    return milliseconds(static_cast<std::int64_t>(static_cast<double>(d.count()) * (0.8 + 0.4 * random)));
}

milliseconds until(time_point now, time_point expires) {
    return std::chrono::duration_cast<milliseconds>(expires - now);
}

} // namespace

double random_unit() {
    thread_local std::minstd_rand generator{std::random_device{}()};
    return std::uniform_real_distribution<double>(0.0, 1.0)(generator);
}

refresh_schedule::duration refresh_schedule::after_success(time_point now, std::optional<time_point> expires,
                                                           std::optional<time_point> refresh_at, double random) {
    auto wait = duration::max();
    if (expires) {
        const auto left = until(now, *expires);
        const auto window = std::clamp<milliseconds>(left / 10, minutes(5), minutes(15));
        wait = left < minutes(10) ? jittered(left / 2, random) : left - jittered(window, random);
    }
    if (refresh_at) {
        const auto left = static_cast<double>(until(now, *refresh_at).count());
        wait = std::min(wait, milliseconds(static_cast<std::int64_t>(left * (1 - random / 10))));
    }
    return std::max(min_wait, wait);
}

refresh_schedule::duration refresh_schedule::after_failure(unsigned n, time_point now,
                                                           std::optional<time_point> valid_until, double random) {
    const unsigned doublings = std::min(n == 0 ? 0U : n - 1U, 6U);
    const bool valid = valid_until && *valid_until > now;
    const auto max_wait = valid ? seconds(60) : seconds(10); // without any, the app has to serve in our place
    auto wait = jittered(std::min<milliseconds>(seconds(1) * (1U << doublings), max_wait), random);
    if (valid) {
        // A quarter of what is left each time makes many attempts before the expiry, and three in any case.
        wait = std::min(wait, until(now, *valid_until) / 4);
    }
    return std::max(min_wait, wait);
}

} // namespace sluice::identity
