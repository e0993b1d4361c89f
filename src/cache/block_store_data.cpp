// The data files: sparse, in whole pages.
#include <sluice/cache/block_store.hpp>

#include "disk_files.hpp"
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace sluice::cache {

using namespace detail;

namespace {

/// Makes the kernel cache the file in folios of which a hole takes all or nothing. A hole that ends inside a folio
/// zeroes its part in place, also where sockets hold it to be sent: clients would get zeros. Readahead makes folios as
/// large as it likes, so it is off, and `prefetch` is called instead. A write makes none larger than itself, and a
/// folio lies at a multiple of its size, so that one that is written within a page of ours stays within it.
void whole_folios(int fd) {
    static_cast<void>(posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM)); // fails only where there is no page cache
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

} // namespace sluice::cache
