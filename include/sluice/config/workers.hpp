#pragma once

#include <filesystem>

namespace sluice::config {

/// The CPU quota of this process's control group in whole CPUs, rounded up; 0: no quota, or none that can be read. The
/// lowest quota among the group and its parents counts. cgroup v2 (`cpu.max`, kernel documentation
/// admin-guide/cgroup-v2) and v1 (`cpu.cfs_quota_us`, scheduler/sched-bwc); `root` is where `/proc` and `/sys` are.
[[nodiscard]] unsigned quota_cpus(const std::filesystem::path& root = "/");

/// What `workers: auto` means here: min(CPUs this process may run on, `quota_cpus`), 1 to 1024.
[[nodiscard]] unsigned automatic_workers(const std::filesystem::path& root = "/");

} // namespace sluice::config
