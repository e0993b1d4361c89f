#include <sluice/base/text.hpp>
#include <sluice/identity/credential_file.hpp>
#include <sluice/identity/credential_text.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <system_error>

namespace sluice::identity {
namespace {

error cannot_read(const std::string& path, const std::string& why) {
    return {errc::no_credentials, error_source::internal, true, "cannot read " + path + ": " + why};
}

std::string system_message(int number) {
    return std::generic_category().message(number);
}

struct descriptor {
    int number{-1};
    explicit descriptor(int n)
        : number(n) {}
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor() {
        if (number >= 0) {
            ::close(number);
        }
    }
};

result<secret> read_all(const std::string& path, int file) {
    struct stat about {};
    if (::fstat(file, &about) != 0) {
        return cannot_read(path, system_message(errno));
    }
    if (!S_ISREG(about.st_mode)) {
        return cannot_read(path, "it is not a regular file");
    }
    if (static_cast<std::uint64_t>(about.st_size) > max_credential_file_size) {
        return cannot_read(path, "it is larger than 1 MiB");
    }
    // One byte more than its size: the file may be growing, and a part of it must not pass for the whole.
    wiped_text buffer(std::string(static_cast<std::size_t>(about.st_size) + 1, '\0'));
    std::size_t size = 0;
    while (size < buffer.text.size()) {
        const ssize_t n = ::read(file, buffer.text.data() + size, buffer.text.size() - size);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return cannot_read(path, system_message(errno));
        }
        if (n == 0) {
            break;
        }
        size += static_cast<std::size_t>(n);
    }
    if (size == buffer.text.size()) {
        return cannot_read(path, "it changed while it was read");
    }
    return secret(std::string_view(buffer.text).substr(0, size));
}

} // namespace

result<std::optional<secret>> read_optional_credential_file(const std::string& path) {
    const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (file.number < 0 && (errno == ENOENT || errno == ENOTDIR)) {
        return std::optional<secret>();
    }
    if (file.number < 0) {
        return cannot_read(path, system_message(errno));
    }
    auto content = read_all(path, file.number);
    if (!content) {
        return content.error();
    }
    return std::optional(*std::move(content));
}

result<secret> read_credential_file(const std::string& path) {
    auto content = read_optional_credential_file(path);
    if (!content) {
        return content.error();
    }
    if (!*content) {
        return cannot_read(path, system_message(ENOENT));
    }
    return **std::move(content);
}

result<secret> read_token_file(const std::string& path) {
    const auto content = read_credential_file(path);
    if (!content) {
        return content.error();
    }
    const auto token = trimmed(content->reveal());
    if (token.empty()) {
        return cannot_read(path, "it is empty");
    }
    if (!is_printable_ascii(token)) {
        return cannot_read(path, "the token " + std::string(not_printable));
    }
    return secret(token);
}

} // namespace sluice::identity
