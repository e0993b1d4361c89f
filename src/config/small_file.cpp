#include <sluice/config/load.hpp>
#include <sluice/config/text.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sluice::config {

result<std::string> read_small_file(const std::filesystem::path& path, std::size_t max_size) {
    // O_NONBLOCK: opening a FIFO that nobody writes to must not hang before fstat can refuse it.
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return bad(std::strerror(errno));
    }
    const struct closer {
        int fd;
        ~closer() { ::close(fd); }
    } close_at_end{fd};
    struct stat info {};
    if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        return bad("not a regular file");
    }
    std::string text(max_size + 1, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
        const auto got = ::read(fd, text.data() + size, text.size() - size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return bad(std::strerror(errno));
        }
        if (got == 0) {
            text.resize(size);
            return text;
        }
        size += static_cast<std::size_t>(got);
    }
    return bad("larger than " + std::to_string(max_size) + " bytes");
}

} // namespace sluice::config
