#pragma once

#include "load_options.hpp"
#include "load_report.hpp"
#include "response_reader.hpp"

#include <thread>

namespace bench {

/// Mode `hold`: many slow readers of whole objects, while another process looks at the server's memory. A small
/// receive buffer, so that what is not read waits in the server. Prints "streaming" once every reader has its first
/// byte, and the totals at the end; an error is a reader that was refused, cut off or got a wrong answer.
inline int hold(const options& given) {
    struct slow_reader {
        int fd{-1};
        bool sent{false};
        std::string request;
        response_reader reader;
    };
    constexpr auto tick = std::chrono::milliseconds{100};
    const server_address server{given.text("url", "")};
    const auto place = server.path.find('%');
    const auto objects = given.number("objects", 1);
    const auto budget = given.number("rate", 131072) / 10;
    std::vector<slow_reader> readers(given.number("connections", 1000));
    totals sum;
    for (std::size_t i = 0; i < readers.size(); ++i) {
        auto& it = readers[i];
        auto path = server.path;
        if (place != std::string::npos) {
            path.replace(place, 1, std::to_string(i % objects));
        }
        expectation expected;
        expected.status = 206;
        expected.seed = seed_of(path);
        expected.verify = given.flag("verify");
        it.reader.begin(expected);
        it.request = "GET " + path + " HTTP/1.1\r\nHost: " + server.host + "\r\nRange: bytes=0-\r\n\r\n";
        it.fd = open_connection(server, 65536);
        sum.failed.connect += it.fd < 0 ? 1 : 0;
    }
    const auto begin = steady::now();
    const auto end = begin + std::chrono::seconds{given.number("seconds", 10)};
    bool announced = false;
    for (auto now = begin; now < end; now = steady::now()) {
        std::size_t streaming = 0;
        for (auto& it : readers) {
            if (it.fd < 0) {
                continue;
            }
            it.sent = it.sent || send_request(it.fd, it.request); // not before it is connected
            const auto state = it.sent ? it.reader.read(it.fd, budget) : response_reader::outcome::more;
            streaming += it.reader.body_read() > 0 ? 1 : 0;
            if (state == response_reader::outcome::more) {
                continue;
            }
            if (state == response_reader::outcome::closed) {
                ++sum.failed.lost;
            } else if (state == response_reader::outcome::wrong) {
                sum.failed.count(it.reader.fault(), it.reader.head());
            }
            sum.bytes += it.reader.body_read();
            ::close(it.fd);
            it.fd = -1;
        }
        if (!announced && streaming == readers.size()) {
            announced = true;
            std::puts("streaming");
            std::fflush(stdout);
        }
        std::this_thread::sleep_until(now + tick);
    }
    for (auto& it : readers) {
        if (it.fd >= 0) {
            sum.bytes += it.reader.body_read();
            sum.requests += it.reader.body_read() > 0 ? 1 : 0;
            sum.failed.lost += it.reader.body_read() > 0 ? 0 : 1;
            ::close(it.fd);
        }
    }
    sum.print(seconds(steady::now() - begin));
    return sum.failed.total() == 0 ? 0 : 1;
}

} // namespace bench
