#pragma once

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

/// The load generator's command line and sockets.
namespace bench {

/// `--name value` pairs; `--verify` and the like have the value "1".
class options {
public:
    options(int count, char** values) {
        for (int i = 0; i < count; ++i) {
            const std::string_view name{values[i]};
            if (!name.starts_with("--")) {
                fail("not an option: " + std::string{name});
            }
            const bool has_value = i + 1 < count && !std::string_view{values[i + 1]}.starts_with("--");
            values_[std::string{name.substr(2)}] = has_value ? values[++i] : "1";
        }
    }

    [[nodiscard]] std::string text(const std::string& name, const std::string& otherwise) const {
        const auto found = values_.find(name);
        return found == values_.end() ? otherwise : found->second;
    }

    [[nodiscard]] std::uint64_t number(const std::string& name, std::uint64_t otherwise) const {
        const auto found = values_.find(name);
        if (found == values_.end()) {
            return otherwise;
        }
        const auto& text = found->second;
        std::uint64_t value = 0;
        if (std::from_chars(text.data(), text.data() + text.size(), value).ptr != text.data() + text.size()) {
            fail("not a number: --" + name + " " + text);
        }
        return value;
    }

    [[nodiscard]] bool flag(const std::string& name) const { return values_.contains(name); }

    /// Ends the program with a message about its command line.
    [[noreturn]] static void fail(const std::string& why) {
        std::fprintf(stderr, "bench_load: %s\n", why.c_str());
        std::exit(2);
    }

private:
    std::map<std::string, std::string> values_;
};

/// `http://127.0.0.1:PORT/path`; an IPv4 address, for nothing here resolves names.
struct server_address {
    sockaddr_in address{};
    std::string host; ///< as in the Host field
    std::string path;

    explicit server_address(std::string_view url) {
        const std::string_view scheme = "http://";
        const auto slash = url.find('/', scheme.size());
        const auto colon = url.find(':', scheme.size());
        if (!url.starts_with(scheme) || slash == std::string_view::npos || colon > slash) {
            options::fail("--url is to be http://ADDRESS:PORT/PATH");
        }
        host = url.substr(scheme.size(), slash - scheme.size());
        path = url.substr(slash);
        const std::string numeric{url.substr(scheme.size(), colon - scheme.size())};
        const auto port = std::strtoul(std::string{url.substr(colon + 1, slash - colon - 1)}.c_str(), nullptr, 10);
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        if (::inet_pton(AF_INET, numeric.c_str(), &address.sin_addr) != 1) {
            options::fail("not an IPv4 address: " + numeric);
        }
    }
};

/// A socket on its way to the server: non-blocking, without Nagle. -1 where there is none. `receive_buffer`: bytes,
/// 0 for the system's own choice.
[[nodiscard]] inline int open_connection(const server_address& server, int receive_buffer = 0) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (receive_buffer > 0) {
        ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    // The sockets interface takes addresses this way.
    const auto* address = reinterpret_cast<const sockaddr*>(&server.address);
    if (::connect(fd, address, sizeof server.address) != 0 && errno != EINPROGRESS) {
        ::close(fd);
        return -1;
    }
    return fd;
}

/// Sends a request whole; it fits into the empty buffer of a socket that waits for nothing else.
[[nodiscard]] inline bool send_request(int fd, std::string_view request) {
    return ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size());
}

} // namespace bench
