#pragma once

#include <sluice/base/error.hpp>
#include <sluice/cache/key.hpp>
#include <sluice/cache/metadata.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sluice::cache {

/// An open file; closed at its end. Shared by all who read or write it.
class file {
public:
    /// Takes over an open descriptor.
    explicit file(int fd) noexcept
        : fd_(fd) {}
    file(const file&) = delete;
    file& operator=(const file&) = delete;
    ~file();

    /// The descriptor; open as long as this is.
    [[nodiscard]] int fd() const noexcept { return fd_; }

private:
    int fd_;
};

/// The system calls that may fail, or that a file system may lack; tests replace them.
struct system_calls {
    int (*allocate)(int fd, int mode, off_t offset, off_t length) = ::fallocate;
    int (*truncate)(int fd, off_t length) = ::ftruncate;
    ssize_t (*write)(int fd, const void* data, std::size_t length, off_t offset) = ::pwrite;
    int (*rename)(int from_directory, const char* from, int to_directory, const char* to) = ::renameat;
    DIR* (*list)(int fd) = ::fdopendir;
};

/// The files of the cache: a sparse data file and a metadata file an object, in a versioned, locked directory.
///
/// Every member that touches the disk can block: call them on a file_pool. Errors are `errc::disk_error`, or
/// `errc::disk_full` for ENOSPC and EDQUOT.
class block_store {
public:
    /// Makes `directory`/v2 where it is missing and locks it; also a directory of an older version beside it, where no
    /// other process holds it. Errors: `disk_error`, with `retryable` where another process holds the lock.
    static result<std::unique_ptr<block_store>> open(const std::string& directory, const system_calls& calls = {});
    ~block_store();
    block_store(const block_store&) = delete;
    block_store& operator=(const block_store&) = delete;

    /// A number for a new object that is never used twice in this directory.
    [[nodiscard]] std::uint64_t new_serial() noexcept;
    /// What the files of an object are called: by its key's hash and its serial.
    [[nodiscard]] static std::string name_of(const object_key& key, std::uint64_t serial);

    /// Makes the data file of an object, `size` rounded up to whole pages, all hole.
    [[nodiscard]] result<std::shared_ptr<file>> create(const std::string& name, std::uint64_t size) const;
    /// Opens the data file of an object that is there. Error: `disk_error`, also where there is none.
    [[nodiscard]] result<std::shared_ptr<file>> open_data(const std::string& name) const;

    /// Writes all of it at `offset`.
    [[nodiscard]] result<void> write(const file& f, std::uint64_t offset, const char* data, std::size_t length) const;
    /// Allocates disk blocks for the range, so that later writes to it cannot run out of space. Does nothing where the
    /// file system cannot.
    [[nodiscard]] result<void> allocate(const file& f, std::uint64_t offset, std::uint64_t length) const;
    /// Gives the page-aligned range back to the file system.
    [[nodiscard]] result<void> punch(const file& f, std::uint64_t offset, std::uint64_t length) const;
    /// Whether the file system can make holes; where not, objects are evicted as a whole.
    [[nodiscard]] bool can_punch() const noexcept { return can_punch_; }

    /// Replaces the metadata file of an object, all or nothing; gives the bytes it takes on the disk.
    [[nodiscard]] result<std::uint64_t> write_metadata(const std::string& name, const metadata& m) const;
    /// Unlinks both files of an object; missing ones are no error.
    void remove(const std::string& name) const;

    /// What lies in the directory.
    struct scan_result {
        std::uint64_t bytes{0};         ///< that all files take (`st_blocks`), those that `remove_older` removes too
        std::vector<std::string> names; ///< of the files of this version
    };
    /// Goes through the directory once. Removes temporary files that were left over.
    [[nodiscard]] result<scan_result> scan() const;

    /// Removes the files of an older format, which are not read any more. Calls `removed` with the bytes of each file,
    /// and stops where it gives false. Gives whether there were any.
    bool remove_older(const std::function<bool(std::uint64_t)>& removed);

    /// An object on the disk.
    struct found_object {
        std::uint64_t serial{0};
        metadata meta;
        std::uint64_t metadata_bytes{0}; ///< on the disk
        std::uint64_t data_bytes{0};     ///< on the disk
    };
    /// Calls `found` with every whole object among `names`, and stops where it gives false. Removes files that are
    /// damaged or whose other half is missing, and calls `removed` with the bytes that this freed. `names` is from a
    /// `scan` that was made before the first fill of this process, so that no new object is taken for a left-over.
    void load(const std::vector<std::string>& names, const std::function<bool(found_object)>& found,
              const std::function<void(std::uint64_t)>& removed) const;

    /// Bytes of the file system that are free for us; 0 where it does not say.
    [[nodiscard]] std::uint64_t free_bytes() const noexcept;

private:
    block_store() = default;
    void detect();
    [[nodiscard]] result<metadata> read_metadata(const std::string& name) const;

    system_calls calls_;
    void open_older(const std::string& directory);

    std::string path_;
    int directory_{-1};
    int lock_{-1};
    int older_{-1}; ///< the directory of the format before, where no other process holds it
    int older_lock_{-1};
    bool can_allocate_{false};
    bool can_punch_{false};
    std::uint64_t serial_{0};
};

/// Has the kernel begin to read a range of a data file, for which its readahead is off. Does not wait; only a hint.
void prefetch(int fd, std::uint64_t offset, std::uint64_t length);

/// Reads exactly `length` bytes. Errors: `disk_error`, also for an early end.
[[nodiscard]] result<void> read_all(const file& f, std::uint64_t offset, char* data, std::size_t length);

} // namespace sluice::cache
