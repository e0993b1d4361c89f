#include <sluice/identity/credential_file.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace sluice::identity {
namespace {

error cannot(const std::string& path, const std::string& why) {
    return {errc::no_credentials, error_source::internal, true, "cannot read " + path + ": " + why};
}

std::string reason() {
    return std::generic_category().message(errno);
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

} // namespace

result<secret> read_small_file(const std::string& path, bool* not_there) {
    const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (not_there != nullptr) {
        *not_there = file.number < 0 && (errno == ENOENT || errno == ENOTDIR);
    }
    if (file.number < 0) {
        return cannot(path, reason());
    }
    struct stat about {};
    if (::fstat(file.number, &about) != 0) {
        return cannot(path, reason());
    }
    if (!S_ISREG(about.st_mode)) {
        return cannot(path, "it is not a file");
    }
    if (static_cast<std::uint64_t>(about.st_size) > most_of_small_file) {
        return cannot(path, "it is larger than 1 MiB");
    }
    // One byte more than it should have: it may be growing, and what is cut off must not pass for the whole.
    wiped_text buffer(std::string(static_cast<std::size_t>(about.st_size) + 1, '\0'));
    std::size_t size = 0;
    while (size < buffer.text.size()) {
        const ssize_t n = ::read(file.number, buffer.text.data() + size, buffer.text.size() - size);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return cannot(path, reason());
        }
        if (n == 0) {
            break;
        }
        size += static_cast<std::size_t>(n);
    }
    if (size == buffer.text.size()) {
        return cannot(path, "it changed while it was read");
    }
    return secret(std::string_view(buffer.text).substr(0, size));
}

result<secret> read_token_file(const std::string& path) {
    const auto read = read_small_file(path);
    if (!read) {
        return read.error();
    }
    const auto text = trimmed(read->reveal());
    if (text.empty()) {
        return cannot(path, "it is empty");
    }
    if (!is_plain_text(text)) {
        return cannot(path, "it holds a line break or another byte that no token has");
    }
    return secret(text);
}

std::string_view trimmed(std::string_view text) noexcept {
    constexpr std::string_view blank = " \t\r\n";
    const auto first = text.find_first_not_of(blank);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

bool is_plain_text(std::string_view text) noexcept {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

bool is_access_token(std::string_view text) noexcept {
    return is_plain_text(text) && text.size() <= 16384 && text.find(' ') == std::string_view::npos;
}

} // namespace sluice::identity
