// The environment of this process and the addresses of its host, which a configuration is read with.
#include <sluice/config/load.hpp>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>

// The process's environment, POSIX environ(7).
extern "C" char** environ; // NOLINT

namespace sluice::config {

namespace {

/// The addresses of all interfaces that are up; none where they cannot be listed.
std::vector<std::string> interface_addresses() {
    std::vector<std::string> found;
    ifaddrs* all = nullptr;
    if (getifaddrs(&all) != 0) {
        return found;
    }
    for (const ifaddrs* each = all; each != nullptr; each = each->ifa_next) {
        std::array<char, INET6_ADDRSTRLEN> text{};
        const auto* at = each->ifa_addr;
        if (at != nullptr && at->sa_family == AF_INET) {
            const auto* v4 = reinterpret_cast<const sockaddr_in*>(at); // NOLINT
            inet_ntop(AF_INET, &v4->sin_addr, text.data(), static_cast<socklen_t>(text.size()));
        } else if (at != nullptr && at->sa_family == AF_INET6) {
            const auto* v6 = reinterpret_cast<const sockaddr_in6*>(at); // NOLINT
            inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), static_cast<socklen_t>(text.size()));
        }
        if (text[0] != '\0') {
            found.emplace_back(text.data());
        }
    }
    freeifaddrs(all);
    return found;
}

} // namespace

load_options load_options::from_process() {
    load_options options;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        if (const auto equals = text.find('='); equals != std::string_view::npos) {
            options.environment.emplace(text.substr(0, equals), text.substr(equals + 1));
        }
    }
    options.own_addresses = interface_addresses();
    return options;
}

} // namespace sluice::config
