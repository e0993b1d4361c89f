#pragma once

#include <chrono>
#include <cstdint>
#include <string>

/// The kinds of values that the configuration is made of.
namespace sluice::config {

/// In milliseconds, as all durations of the configuration.
using duration = std::chrono::milliseconds;

/// Where to listen: a numeric address and a port (0: any free one).
struct endpoint {
    std::string host;
    std::uint16_t port{0};
};

/// An absolute http or https URL without user, query or fragment, taken apart.
struct url {
    bool tls{false};
    std::string host; ///< without brackets for an IPv6 literal
    std::uint16_t port{80};
    std::string path; ///< "" or begins with "/", no "/" at its end

    /// The value of a Host field for it: brackets for IPv6, port where it is not the scheme's default.
    [[nodiscard]] std::string authority() const;
    /// As it is written: `http://[::1]:8080/base`.
    [[nodiscard]] std::string text() const;
};

} // namespace sluice::config
