#pragma once

#include "response_reader.hpp"
#include <sys/epoll.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

/// What the load generator counts and how it prints it; and its poller.
namespace bench {

inline constexpr auto silence = std::chrono::seconds{30}; ///< without a byte from any connection: given up

[[nodiscard]] inline float milliseconds(steady::duration time) {
    return std::chrono::duration<float, std::milli>(time).count();
}

[[nodiscard]] inline double seconds(steady::duration time) {
    return std::chrono::duration<double>(time).count();
}

/// An epoll instance that knows sockets by a number.
struct poller {
    int fd{::epoll_create1(EPOLL_CLOEXEC)};
    std::array<epoll_event, 512> events{};

    void add(int socket, std::uint32_t what, std::size_t tag, int operation = EPOLL_CTL_ADD) const {
        epoll_event event{};
        event.events = what;
        event.data.u64 = tag;
        ::epoll_ctl(fd, operation, socket, &event);
    }

    std::size_t wait(int timeout_ms) {
        const int count = ::epoll_wait(fd, events.data(), static_cast<int>(events.size()), timeout_ms);
        return count > 0 ? static_cast<std::size_t>(count) : 0;
    }
};

/// The value below which `percent` of the samples lie; 0 without any. Reorders them.
[[nodiscard]] inline double percentile(std::vector<float>& samples, double percent) {
    if (samples.empty()) {
        return 0;
    }
    const auto rank = static_cast<std::size_t>(percent / 100.0 * static_cast<double>(samples.size() - 1) + 0.5);
    const auto at = samples.begin() + static_cast<std::ptrdiff_t>(rank);
    std::nth_element(samples.begin(), at, samples.end());
    return static_cast<double>(*at);
}

/// Errors by kind. All must be 0.
struct errors {
    std::uint64_t connect{0};
    std::uint64_t lost{0}; ///< closed within an answer, or silent
    std::uint64_t status{0};
    std::uint64_t length{0};
    std::uint64_t range{0};
    std::uint64_t content{0};

    [[nodiscard]] std::uint64_t total() const { return connect + lost + status + length + range + content; }

    /// Counts a fault as `response_reader::fault` names it, and shows the head of the answer for the first few.
    void count(std::string_view fault, const std::string& head) {
        if (total() < 5) {
            std::fprintf(stderr, "wrong %s in the answer: %s\n", std::string{fault}.c_str(), head.c_str());
        }
        ++(fault == "status" ? status : fault == "content" ? content : fault == "range" ? range : length);
    }

    [[nodiscard]] std::string json() const {
        const auto item = [](const char* name, std::uint64_t value) {
            return std::string{"\""} + name + "\":" + std::to_string(value);
        };
        return "{" + item("total", total()) + "," + item("connect", connect) + "," + item("lost", lost) + "," +
               item("status", status) + "," + item("length", length) + "," + item("range", range) + "," +
               item("content", content) + "}";
    }
};

/// What all modes count.
struct totals {
    std::uint64_t requests{0};
    std::uint64_t bytes{0};
    std::uint64_t reconnects{0};
    errors failed;
    std::vector<float> latency; ///< ms, to the last byte
    std::vector<float> first;   ///< ms, to the body's first byte

    /// Prints them as one line of JSON.
    void print(double elapsed) {
        rusage used{};
        ::getrusage(RUSAGE_SELF, &used);
        const auto cpu = static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                         static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
        const double earliest_first = first.empty() ? 0 : static_cast<double>(first.front()); // in order of arrival
        const double earliest = latency.empty() ? 0 : static_cast<double>(latency.front());
        std::printf("{\"requests\":%llu,\"seconds\":%.4f,\"rps\":%.1f,\"bytes\":%llu,\"reconnects\":%llu,"
                    "\"first_request\":{\"first_byte_ms\":%.2f,\"total_ms\":%.2f},",
                    static_cast<unsigned long long>(requests), elapsed, static_cast<double>(requests) / elapsed,
                    static_cast<unsigned long long>(bytes), static_cast<unsigned long long>(reconnects), earliest_first,
                    earliest);
        std::printf("\"latency_ms\":{\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f},", percentile(latency, 50),
                    percentile(latency, 99), percentile(latency, 100));
        std::printf("\"first_byte_ms\":{\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f},\"client_cpu_seconds\":%.2f,",
                    percentile(first, 50), percentile(first, 99), percentile(first, 100), cpu);
        std::printf("\"errors\":%s}\n", failed.json().c_str());
    }
};

} // namespace bench
