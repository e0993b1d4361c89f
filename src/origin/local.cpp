#include <sluice/http/date.hpp>
#include <sluice/http/media_type.hpp>
#include <sluice/origin/local.hpp>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <utility>

namespace sluice::origin {

namespace {

error error_of(int number) {
    errc code = errc::disk_error;
    switch (number) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG: // such a file cannot exist, which is no error of the disk
    case ENXIO:        // a socket
        code = errc::not_found;
        break;
    case EACCES:
    case ELOOP:
    case EXDEV: // leads out of the root
        code = errc::forbidden;
        break;
    default:
        break;
    }
    return {code, error_source::origin, false, std::system_category().message(number)};
}

int open_parts(int root, std::string_view key) {
    int at = dup(root);
    while (at >= 0) {
        const auto slash = key.find('/');
        const bool last = slash == std::string_view::npos;
        const std::string part(key.substr(0, slash));
        const int next =
            part == ".."
                ? -1
                : openat(at, part.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (last ? 0 : O_DIRECTORY));
        const int number = part == ".." ? EXDEV : errno;
        close(at);
        if (last || next < 0) {
            errno = number;
            return next;
        }
        at = next;
        key.remove_prefix(slash + 1);
    }
    return at;
}

int open_beneath(int root, const std::string& key) {
    open_how how{};
    how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK; // a FIFO must not block
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    const long fd = syscall(SYS_openat2, root, key.c_str(), &how, sizeof how);
    if (fd < 0 && (errno == ENOSYS || errno == EPERM)) { // old kernels, and containers that filter it
        return open_parts(root, key);
    }
    return static_cast<int>(fd);
}

file_stamp stamp_of(const struct stat& s) {
    return {static_cast<std::uint64_t>(s.st_size), s.st_mtim, s.st_ctim, static_cast<std::uint64_t>(s.st_nlink)};
}

bool same(const timespec& a, const timespec& b) {
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

} // namespace

bool is_written_to(const file_stamp& before, const file_stamp& now) noexcept {
    return before.size != now.size || !same(before.modified, now.modified) ||
           (!same(before.changed, now.changed) && before.links == now.links);
}

local_object::~local_object() {
    close(fd);
}

bool local_object::is_unchanged() const noexcept {
    struct stat s {};
    return fstat(fd, &s) == 0 && !is_written_to(opened, stamp_of(s));
}

std::string type_by_name(std::string_view name) {
    const auto type = http::inert_type_of_name(name);
    if (type.empty()) {
        return "application/octet-stream";
    }
    return std::string(type) + (type.starts_with("text/") ? "; charset=utf-8" : "");
}

result<std::shared_ptr<local_object>> open_local(const std::string& root, const std::string& key) {
    if (key.find('\0') != std::string::npos) {
        return error_of(ENOENT);
    }
    const int base = open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (base < 0) {
        return error_of(errno);
    }
    const int fd = open_beneath(base, key);
    const int number = errno;
    close(base);
    if (fd < 0) {
        return error_of(number);
    }
    auto o = std::make_shared<local_object>(fd);
    struct stat s {};
    if (fstat(fd, &s) != 0 || !S_ISREG(s.st_mode)) {
        return error_of(ENOENT);
    }
    o->opened = stamp_of(s);
    o->size = o->opened.size;
    std::array<char, 128> tag{};
    std::snprintf(tag.data(), tag.size(), "\"%llx-%llx-%llx.%lx-%llx.%lx\"", static_cast<unsigned long long>(s.st_ino),
                  static_cast<unsigned long long>(s.st_size), static_cast<unsigned long long>(s.st_mtim.tv_sec),
                  static_cast<unsigned long>(s.st_mtim.tv_nsec), static_cast<unsigned long long>(s.st_ctim.tv_sec),
                  static_cast<unsigned long>(s.st_ctim.tv_nsec));
    o->etag = tag.data();
    o->last_modified = http::format_http_date(std::chrono::sys_seconds(std::chrono::seconds(s.st_mtim.tv_sec)));
    o->content_type = type_by_name(key);
    return o;
}

} // namespace sluice::origin
