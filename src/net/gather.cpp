#include <sluice/net/gather.hpp>

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>

namespace sluice::net {

std::string_view gather::front() const noexcept {
    for (const auto part : parts_) {
        if (!part.empty()) {
            return part;
        }
    }
    return {};
}

void gather::consume(std::size_t n) noexcept {
    for (auto& part : parts_) {
        const std::size_t here = n < part.size() ? n : part.size();
        part.remove_prefix(here);
        n -= here;
    }
}

ssize_t gather::send(int socket) noexcept {
    std::array<iovec, 3> vectors{};
    msghdr message{};
    message.msg_iov = vectors.data();
    for (const auto part : parts_) {
        if (!part.empty()) {
            vectors[message.msg_iovlen++] = {const_cast<char*>(part.data()), part.size()};
        }
    }
    ssize_t n = 0;
    do {
        n = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n > 0) {
        consume(static_cast<std::size_t>(n));
    }
    return n;
}

} // namespace sluice::net
