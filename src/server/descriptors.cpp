#include <sluice/server/descriptors.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace sluice::server {

namespace {

/// Standard streams, the cache's lock, directories and census, files of secrets and certificates that are read again.
constexpr std::uint64_t fixed = 64;
/// epoll, its eventfd and its timer.
constexpr std::uint64_t per_worker = 3;
/// Idle connections to stores that a worker keeps.
constexpr std::uint64_t origin_keepalive = 64;

} // namespace

std::uint64_t descriptors_needed(const config::config& c) noexcept {
    const std::uint64_t workers = c.workers;
    const bool has_stores = !c.stores.empty();
    return fixed + 2ULL * c.limits.connections + (has_stores ? 2ULL * c.limits.fills : 0) + most_admin_connections +
           admin_reserve +
           workers * (per_worker + c.listeners.size() + 2ULL * c.app.keepalive + (has_stores ? origin_keepalive : 0));
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

descriptor_reserve::descriptor_reserve(std::size_t most)
    : most_(most)
    , null_(::open("/dev/null", O_RDONLY | O_CLOEXEC)) {
    if (null_ < 0) {
        throw std::system_error(errno, std::generic_category(), "/dev/null");
    }
    spare_.reserve(most);
    refill();
}

descriptor_reserve::~descriptor_reserve() {
    while (give_up_one()) {
    }
    ::close(null_);
}

bool descriptor_reserve::give_up_one() noexcept {
    if (spare_.empty()) {
        return false;
    }
    ::close(spare_.back());
    spare_.pop_back();
    return true;
}

void descriptor_reserve::take(int fd) noexcept {
    if (spare_.size() < most_ && dup3(null_, fd, O_CLOEXEC) == fd) {
        spare_.push_back(fd);
    } else {
        ::close(fd);
    }
}

void descriptor_reserve::refill() noexcept {
    while (spare_.size() < most_) {
        const int fd = ::fcntl(null_, F_DUPFD_CLOEXEC, 0);
        if (fd < 0) {
            return;
        }
        spare_.push_back(fd);
    }
}

} // namespace sluice::server
