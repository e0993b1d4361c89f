#include <sluice/cache/block_store.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <optional>
#include <random>
#include <system_error>
#include <utility>
#include <vector>

namespace sluice::cache {

namespace {

constexpr const char* version_name = "/v2";
constexpr const char* older_version_name = "/v1";
constexpr std::string_view data_suffix = ".data";
constexpr std::string_view metadata_suffix = ".meta";
constexpr std::string_view temporary_suffix = ".tmp";
/// Of a 1 TiB object that is whole the metadata file has 128 MiB of checksums; beyond this something is wrong.
constexpr off_t max_metadata_bytes = 512LL << 20U;

error system_error(const char* what, int number = errno) {
    const bool full = number == ENOSPC || number == EDQUOT;
    return {full ? errc::disk_full : errc::disk_error, error_source::internal, false,
            std::string(what) + ": " + std::system_category().message(number)};
}

struct directory_closer {
    void operator()(DIR* d) const noexcept { closedir(d); }
};
using directory_stream = std::unique_ptr<DIR, directory_closer>;

directory_stream list(int directory, const system_calls& calls) {
    // A descriptor of its own: closedir closes it, and the position of a shared one would be shared.
    const int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return nullptr;
    }
    directory_stream stream(calls.list(fd));
    if (!stream) {
        close(fd);
    }
    return stream;
}

std::vector<std::string> names_in(int directory, const system_calls& calls) {
    std::vector<std::string> names;
    const auto stream = list(directory, calls);
    while (stream) {
        const dirent* entry = readdir(stream.get());
        if (entry == nullptr) {
            break;
        }
        names.emplace_back(entry->d_name);
    }
    return names;
}

/// Whether a file of that name is one that the cache makes, but for its lock.
bool is_ours(std::string_view name) {
    return name.ends_with(data_suffix) || name.ends_with(metadata_suffix) || name.ends_with(temporary_suffix);
}

/// The serial that a name ends in.
std::optional<std::uint64_t> serial_of(std::string_view name) {
    constexpr std::size_t digits = 16;
    if (name.size() < digits) {
        return std::nullopt;
    }
    std::uint64_t serial = 0;
    const char* end = name.data() + name.size();
    const auto [at, ec] = std::from_chars(end - digits, end, serial, 16);
    return ec == std::errc() && at == end ? std::optional(serial) : std::nullopt;
}

} // namespace

file::~file() {
    close(fd_);
}

result<void> block_store::write(const file& f, std::uint64_t offset, const char* data, std::size_t length) const {
    while (length > 0) {
        // Never across a page's end: see `whole_folios`.
        const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(length, page_size - offset % page_size));
        const ssize_t n = calls_.write(f.fd(), data, piece, static_cast<off_t>(offset));
        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }
            return system_error("write");
        }
        data += n;
        length -= static_cast<std::size_t>(n);
        offset += static_cast<std::uint64_t>(n);
    }
    return {};
}

result<void> read_all(const file& f, std::uint64_t offset, char* data, std::size_t length) {
    while (length > 0) {
        const ssize_t n = pread(f.fd(), data, length, static_cast<off_t>(offset));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return system_error("read", n == 0 ? EIO : errno);
        }
        data += n;
        length -= static_cast<std::size_t>(n);
        offset += static_cast<std::uint64_t>(n);
    }
    return {};
}

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

namespace {

/// Makes the kernel cache the file in folios of which a hole takes all or nothing. A hole that ends inside a folio
/// zeroes its part in place, also where sockets hold it to be sent: clients would get zeros. Readahead makes folios as
/// large as it likes, so it is off, and `prefetch` is called instead. A write makes none larger than itself, and a
/// folio lies at a multiple of its size, so that one that is written within a page of ours stays within it.
void whole_folios(int fd) {
    static_cast<void>(posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM)); // fails only where there is no page cache
}

} // namespace

void prefetch(int fd, std::uint64_t offset, std::uint64_t length) {
    static_cast<void>(posix_fadvise(fd, static_cast<off_t>(offset), static_cast<off_t>(length), POSIX_FADV_WILLNEED));
}

result<std::shared_ptr<file>> block_store::create(const std::string& name, std::uint64_t size) const {
    const int fd =
        openat(directory_, (name + std::string(data_suffix)).c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return system_error("create");
    }
    auto made = std::make_shared<file>(fd);
    whole_folios(fd);
    // Whole pages, so that a hole always ends page-aligned, past the object's end in its last page.
    const std::uint64_t rounded = (size + page_size - 1) / page_size * page_size;
    if (calls_.truncate(fd, static_cast<off_t>(rounded)) != 0) {
        const auto failure = system_error("truncate");
        unlinkat(directory_, (name + std::string(data_suffix)).c_str(), 0);
        return failure;
    }
    return made;
}

result<std::shared_ptr<file>> block_store::open_data(const std::string& name) const {
    const int fd = openat(directory_, (name + std::string(data_suffix)).c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return system_error("open");
    }
    whole_folios(fd);
    return std::make_shared<file>(fd);
}

result<void> block_store::allocate(const file& f, std::uint64_t offset, std::uint64_t length) const {
    if (can_allocate_ &&
        calls_.allocate(f.fd(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset), static_cast<off_t>(length)) != 0) {
        return system_error("allocate");
    }
    return {};
}

result<void> block_store::punch(const file& f, std::uint64_t offset, std::uint64_t length) const {
    if (calls_.allocate(f.fd(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                        static_cast<off_t>(length)) != 0) {
        return system_error("punch");
    }
    return {};
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

result<block_store::scan_result> block_store::scan() const {
    scan_result found;
    for (auto& name : names_in(directory_, calls_)) {
        if (name.ends_with(temporary_suffix)) {
            unlinkat(directory_, name.c_str(), 0);
            continue;
        }
        struct stat s {};
        if (name != ".." && fstatat(directory_, name.c_str(), &s, AT_SYMLINK_NOFOLLOW) == 0) {
            found.bytes += static_cast<std::uint64_t>(s.st_blocks) * 512;
            found.names.push_back(std::move(name));
        }
    }
    if (found.names.empty()) {
        return system_error("list", EIO); // "." and the lock are always there
    }
    for (const auto& name : older_ >= 0 ? names_in(older_, calls_) : std::vector<std::string>()) {
        struct stat s {};
        if (is_ours(name) && fstatat(older_, name.c_str(), &s, AT_SYMLINK_NOFOLLOW) == 0) {
            found.bytes += static_cast<std::uint64_t>(s.st_blocks) * 512;
        }
    }
    return found;
}

bool block_store::remove_older(const std::function<bool(std::uint64_t)>& removed) {
    if (older_ < 0) {
        return false;
    }
    bool any = false;
    for (const auto& name : names_in(older_, calls_)) {
        struct stat s {};
        if (is_ours(name) && fstatat(older_, name.c_str(), &s, AT_SYMLINK_NOFOLLOW) == 0 &&
            unlinkat(older_, name.c_str(), 0) == 0) {
            any = true;
            if (!removed(static_cast<std::uint64_t>(s.st_blocks) * 512)) {
                return true; // the next start removes the rest
            }
        }
    }
    unlinkat(older_, "lock", 0);
    rmdir((path_ + older_version_name).c_str()); // stays where there is anything else
    return any;
}

void block_store::load(const std::vector<std::string>& names, const std::function<bool(found_object)>& found,
                       const std::function<void(std::uint64_t)>& removed) const {
    for (const auto& full : names) {
        const bool is_data = full.ends_with(data_suffix);
        if (!is_data && !full.ends_with(metadata_suffix)) {
            continue;
        }
        const std::string name = full.substr(0, full.size() - data_suffix.size());
        struct stat data {};
        struct stat meta {};
        const bool has_data = fstatat(directory_, (name + std::string(data_suffix)).c_str(), &data, 0) == 0;
        const bool has_meta = fstatat(directory_, (name + std::string(metadata_suffix)).c_str(), &meta, 0) == 0;
        if (is_data && has_meta) {
            continue; // its metadata file has its own turn
        }
        result<metadata> m =
            has_data && has_meta ? read_metadata(name) : result<metadata>(system_error("pair", ENOENT));
        // A data file that is shorter than its object was cut by somebody else: none of it is trusted.
        if (!m || static_cast<std::uint64_t>(data.st_size) < m.value().info.size || !serial_of(name) ||
            name != name_of(m.value().info.key, *serial_of(name))) {
            remove(name);
            removed((has_data ? static_cast<std::uint64_t>(data.st_blocks) * 512 : 0) +
                    (has_meta ? static_cast<std::uint64_t>(meta.st_blocks) * 512 : 0));
            continue;
        }
        if (!found({*serial_of(name), std::move(m.value()), static_cast<std::uint64_t>(meta.st_blocks) * 512,
                    static_cast<std::uint64_t>(data.st_blocks) * 512})) {
            return;
        }
    }
}

result<metadata> block_store::read_metadata(const std::string& name) const {
    const int fd = openat(directory_, (name + std::string(metadata_suffix)).c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return system_error("metadata");
    }
    const file f(fd);
    struct stat s {};
    if (fstat(fd, &s) != 0 || s.st_size > max_metadata_bytes) {
        return system_error("metadata", EFBIG);
    }
    std::string bytes(static_cast<std::size_t>(s.st_size), '\0');
    const auto whole = read_all(f, 0, bytes.data(), bytes.size());
    if (!whole) {
        return whole.error();
    }
    return decode(bytes);
}

std::uint64_t block_store::free_bytes() const noexcept {
    struct statvfs s {};
    if (fstatvfs(directory_, &s) != 0) {
        return 0;
    }
    return static_cast<std::uint64_t>(s.f_bavail) * s.f_frsize;
}

} // namespace sluice::cache
