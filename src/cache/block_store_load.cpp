// What an earlier process left in the directory: listed, loaded, or removed.
#include <sluice/cache/block_store.hpp>

#include "disk_files.hpp"
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <optional>
#include <utility>

namespace sluice::cache {

using namespace detail;

namespace {

/// Of a 1 TiB object that is whole the metadata file has 128 MiB of checksums; beyond this something is wrong.
constexpr off_t max_metadata_bytes = 512LL << 20U;

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

} // namespace sluice::cache
