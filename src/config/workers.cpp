#include <sluice/config/workers.hpp>

#include <sched.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

namespace sluice::config {

namespace {

namespace fs = std::filesystem;

unsigned affinity_cpus() {
    // A set of fixed size fails with EINVAL where the kernel knows more CPUs than fit: ask with 8192.
    std::array<cpu_set_t, 8> set{};
    const std::size_t bytes = sizeof(set);
    if (sched_getaffinity(0, bytes, set.data()) != 0) {
        return 1;
    }
    return static_cast<unsigned>(std::max(1, CPU_COUNT_S(bytes, set.data())));
}

/// ceil(quota / period); 0 where either is not positive.
unsigned ceil_cpus(std::int64_t quota, std::int64_t period) {
    if (quota <= 0 || period <= 0) {
        return 0;
    }
    const auto whole = quota / period + (quota % period != 0 ? 1 : 0);
    return static_cast<unsigned>(std::min<std::int64_t>(whole, 8192));
}

/// `cpu.max` is "QUOTA PERIOD" or "max PERIOD".
unsigned quota_v2(const fs::path& group) {
    std::ifstream file(group / "cpu.max");
    std::int64_t quota = 0;
    std::int64_t period = 0;
    return file >> quota >> period ? ceil_cpus(quota, period) : 0; // "max" is no number: no quota
}

unsigned quota_v1(const fs::path& group) {
    std::ifstream quota_file(group / "cpu.cfs_quota_us");
    std::ifstream period_file(group / "cpu.cfs_period_us");
    std::int64_t quota = 0; // -1: no quota
    std::int64_t period = 0;
    return quota_file >> quota && period_file >> period ? ceil_cpus(quota, period) : 0;
}

unsigned least(unsigned a, unsigned b) {
    return a == 0 ? b : b == 0 ? a : std::min(a, b);
}

/// The least quota of `mount`/`group` and of every group above it.
unsigned min_quota(const fs::path& mount, std::string_view group, unsigned (*quota)(const fs::path&)) {
    unsigned cpus = quota(mount);
    fs::path at = mount;
    for (const auto& part : fs::path(group).relative_path()) {
        if (part == "..") {
            // The process is outside the root of its cgroup namespace: only the mount itself is visible.
            return cpus;
        }
        at /= part;
        cpus = least(cpus, quota(at));
    }
    return cpus;
}

bool names_cpu(std::string_view controllers) {
    while (!controllers.empty()) {
        const auto comma = std::min(controllers.find(','), controllers.size());
        if (controllers.substr(0, comma) == "cpu") {
            return true;
        }
        controllers.remove_prefix(std::min(comma + 1, controllers.size()));
    }
    return false;
}

} // namespace

unsigned quota_cpus(const fs::path& root) {
    const auto mounts = root / "sys/fs/cgroup";
    std::ifstream groups(root / "proc/self/cgroup");
    unsigned cpus = 0;
    // Each line is "ID:CONTROLLERS:PATH"; v2's is "0::PATH" (cgroups(7)).
    for (std::string line; std::getline(groups, line);) {
        const auto first = line.find(':');
        const auto second = first == std::string::npos ? first : line.find(':', first + 1);
        if (second == std::string::npos) {
            continue;
        }
        const auto controllers = line.substr(first + 1, second - first - 1);
        const auto group = line.substr(second + 1);
        if (controllers.empty()) {
            cpus = least(cpus, min_quota(mounts, group, quota_v2));
        } else if (names_cpu(controllers)) {
            cpus = least(cpus, min_quota(mounts / controllers, group, quota_v1));
            cpus = least(cpus, min_quota(mounts / "cpu", group, quota_v1));
        }
    }
    return cpus;
}

unsigned automatic_workers(const fs::path& root) {
    return std::clamp(least(affinity_cpus(), quota_cpus(root)), 1U, 1024U);
}

} // namespace sluice::config
