// The directory: its versions and locks, what it can, and what its files are called.
#include <sluice/cache/block_store.hpp>

#include "disk_files.hpp"
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <random>
#include <system_error>
#include <utility>

namespace sluice::cache {

error detail::system_error(const char* what, int number) {
    const bool full = number == ENOSPC || number == EDQUOT;
    return {full ? errc::disk_full : errc::disk_error, error_source::internal, false,
            std::string(what) + ": " + std::system_category().message(number)};
}

using namespace detail;

namespace {

constexpr const char* version_name = "/v2";

} // namespace

result<std::unique_ptr<block_store>> block_store::open(const std::string& directory, const system_calls& calls) {
    for (const auto& path : {directory, directory + version_name}) {
        if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
            return system_error(("cache directory " + path).c_str());
        }
    }
    std::unique_ptr<block_store> store(new block_store);
    store->calls_ = calls;
    store->path_ = directory;
    store->directory_ = ::open((directory + version_name).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->directory_ < 0) {
        return system_error("cache directory");
    }
    store->lock_ = openat(store->directory_, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->lock_ < 0) {
        return system_error("cache lock");
    }
    if (flock(store->lock_, LOCK_EX | LOCK_NB) != 0) {
        error e = system_error("cache lock");
        e.retryable = true;
        e.detail = "another process holds the cache directory";
        return e;
    }
    std::random_device seed;
    store->serial_ = (static_cast<std::uint64_t>(seed()) << 32U) | seed();
    store->detect();
    store->open_older(directory);
    return store;
}

void block_store::open_older(const std::string& directory) {
    older_ = ::open((directory + older_version_name).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (older_ < 0) {
        return;
    }
    older_lock_ = openat(older_, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (older_lock_ < 0 || flock(older_lock_, LOCK_EX | LOCK_NB) != 0) {
        close(std::exchange(older_, -1)); // a program of that version still runs and uses it
    }
}

block_store::~block_store() {
    for (const int fd : {lock_, directory_, older_lock_, older_}) {
        if (fd >= 0) {
            close(fd);
        }
    }
}

void block_store::detect() {
    const auto probe = create("probe", 2 * page_size);
    if (probe) {
        const int fd = probe.value()->fd();
        can_allocate_ = calls_.allocate(fd, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(page_size)) == 0;
        can_punch_ =
            calls_.allocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(page_size)) == 0;
    }
    remove("probe");
}

std::uint64_t block_store::new_serial() noexcept {
    return std::atomic_ref(serial_).fetch_add(1, std::memory_order_relaxed);
}

std::string block_store::name_of(const object_key& key, std::uint64_t serial) {
    char text[20];
    std::snprintf(text, sizeof text, "-%016llx", static_cast<unsigned long long>(serial));
    return key.hash() + text;
}

result<std::uint64_t> block_store::write_metadata(const std::string& name, const metadata& m) const {
    const std::string bytes = encode(m);
    const std::string final_name = name + std::string(metadata_suffix);
    const std::string temporary = name + std::string(temporary_suffix);
    {
        const int fd = openat(directory_, temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0) {
            return system_error("metadata");
        }
        const file f(fd);
        const auto written = write(f, 0, bytes.data(), bytes.size());
        if (!written) {
            unlinkat(directory_, temporary.c_str(), 0);
            return written.error();
        }
    }
    if (calls_.rename(directory_, temporary.c_str(), directory_, final_name.c_str()) != 0) {
        const auto failure = system_error("metadata");
        unlinkat(directory_, temporary.c_str(), 0);
        return failure;
    }
    return (bytes.size() + 4095) / 4096 * 4096;
}

void block_store::remove(const std::string& name) const {
    unlinkat(directory_, (name + std::string(metadata_suffix)).c_str(), 0);
    unlinkat(directory_, (name + std::string(data_suffix)).c_str(), 0);
}

std::uint64_t block_store::free_bytes() const noexcept {
    struct statvfs s {};
    if (fstatvfs(directory_, &s) != 0) {
        return 0;
    }
    return static_cast<std::uint64_t>(s.f_bavail) * s.f_frsize;
}

} // namespace sluice::cache
