#include "open_descriptors.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <system_error>

namespace sluice::metrics {

std::optional<std::size_t> open_descriptor_count() {
    // Linux 6.2 gives the number as the directory's size; before, counting takes a descriptor, of which none may be
    // left.
    struct stat info {};
    if (::stat("/proc/self/fd", &info) == 0 && info.st_size > 0) {
        return static_cast<std::size_t>(info.st_size);
    }
    std::error_code ec;
    std::size_t n = 0;
    for (std::filesystem::directory_iterator it("/proc/self/fd", ec), end; !ec && it != end; it.increment(ec)) {
        ++n;
    }
    return ec ? std::nullopt : std::optional(n);
}

} // namespace sluice::metrics
