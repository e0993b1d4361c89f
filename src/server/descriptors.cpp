#include <sluice/server/descriptors.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <limits>

namespace sluice::server {

namespace {

/// Standard streams, the cache's lock, directories and scan, files of secrets and certificates that are read again.
constexpr std::uint64_t fixed = 64;
/// epoll, its eventfd and its timer.
constexpr std::uint64_t per_worker = 3;

void set_soft_limit(std::uint64_t n) noexcept {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max >= n) {
        limit.rlim_cur = n;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

} // namespace

std::uint64_t descriptors_needed(const config::config& c) noexcept {
    const std::uint64_t workers = c.workers;
    const bool has_stores = !c.stores.empty();
    const auto names_object = [](const config::route& r) { return !r.object_header.empty() || r.follow; };
    const std::uint64_t app_pools = std::ranges::any_of(c.routes, names_object) ? 3 : 2;
    return fixed + 2ULL * c.limits.connections + (has_stores ? 2ULL * c.limits.fills : 0) + max_admin_connections +
           admin_reserve +
           workers * (per_worker + c.listeners.size() + app_pools * c.app.keepalive +
                      (has_stores ? max_idle_origin_connections : 0));
}

std::optional<std::string> descriptor_shortfall(std::uint64_t needed) {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max >= needed) { // RLIM_INFINITY is the largest number
        return std::nullopt;
    }
    return "the limits may need " + std::to_string(needed) + " descriptors, but this process may have " +
           std::to_string(limit.rlim_max) + ": raise it (ulimit -Hn, LimitNOFILE=) or lower limits.connections";
}

void raise_descriptor_limit(std::uint64_t needed) {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed) {
        return;
    }
    limit.rlim_cur = std::min<rlim_t>(needed, limit.rlim_max);
    setrlimit(RLIMIT_NOFILE, &limit);
}

descriptor_reserve::descriptor_reserve(unsigned n) noexcept {
    rlimit limit{};
    const bool known = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
    end_ = known ? limit.rlim_cur : std::numeric_limits<std::uint64_t>::max();
    first_ = known && limit.rlim_cur >= 8ULL * n ? end_ - n : end_;
    set_soft_limit(first_);
}

descriptor_reserve::~descriptor_reserve() {
    set_soft_limit(end_);
}

descriptor_reserve::opening::opening(const descriptor_reserve& of) noexcept
    : of_(of) {
    set_soft_limit(of_.end_);
}

descriptor_reserve::opening::~opening() {
    set_soft_limit(of_.first_);
}

} // namespace sluice::server
