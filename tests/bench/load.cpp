// The benchmark's client: requests over many connections from one epoll loop, bodies discarded in the kernel
// (MSG_TRUNC), so that on a machine shared with the server it takes as little of it as it can. Prints one JSON object.
//
//   bench_load range --url URL --size BYTES --length BYTES [--connections 64] [--seconds 5 | --count N] [--seed 1]
//              [--sequential] [--start OFFSET] [--verify]
//       keep-alive connections, one range after the other, at random offsets or one behind the other
//   bench_load plain --url URL [--connections 64] [--seconds 5 | --count N]
//       the same without Range: small answers of 200
//   bench_load once --url URL --range 'bytes=1-2' [--clients 50] [--length BYTES] [--abort-after BYTES] [--verify]
//       so many new connections at once, one request each; times from the connect on
//   bench_load hold --url URL-WITH-% --objects N [--connections 1000] [--rate BYTES_PER_SECOND] [--seconds 10]
//       slow readers of whole objects (% is the object's number); prints "streaming" when each has its first bytes
//
// --verify reads the bytes and checks them by content.hpp. Exit status 1: there was an error of any kind.
#include "hold.hpp"
#include "load_options.hpp"
#include "load_report.hpp"
#include "response_reader.hpp"

#include <memory>
#include <random>

namespace {

using namespace bench;
using outcome = response_reader::outcome;

/// Modes `range` and `plain`.
class steady_load {
public:
    steady_load(const options& given, bool ranged)
        : server_(given.text("url", ""))
        , ranged_(ranged)
        , sequential_(given.flag("sequential"))
        , size_(given.number("size", 0))
        , length_(given.number("length", 1))
        , next_(given.number("start", 0))
        , left_(given.number("count", UINT64_MAX))
        , random_(given.number("seed", 1))
        , connections_(given.number("connections", 64)) {
        if (ranged && (length_ == 0 || length_ > size_)) {
            options::fail("--length is to be within --size");
        }
        duration_ = std::chrono::seconds{given.number("seconds", given.flag("count") ? 3600 : 5)};
        expected_.status = ranged ? 206 : 200;
        expected_.verify = given.flag("verify");
        expected_.seed = seed_of(server_.path);
        prefix_ = "GET " + server_.path + " HTTP/1.1\r\nHost: " + server_.host + "\r\n";
    }

    int run() {
        for (std::size_t i = 0; i < connections_.size(); ++i) {
            connect(i);
        }
        const auto begin = steady::now();
        end_ = begin + duration_;
        last_progress_ = begin;
        while (open_ > 0) {
            const auto count = poller_.wait(1000);
            for (std::size_t i = 0; i < count; ++i) {
                on_event(poller_.events[i].data.u64, poller_.events[i].events);
            }
            if (count > 0) {
                last_progress_ = steady::now();
            } else if (steady::now() - last_progress_ > silence) {
                totals_.failed.lost += open_;
                break;
            }
        }
        totals_.print(seconds(steady::now() - begin));
        return totals_.failed.total() == 0 ? 0 : 1;
    }

private:
    struct connection {
        int fd{-1};
        bool connected{false};
        steady::time_point sent;
        response_reader reader;
    };

    void connect(std::size_t index) {
        auto& it = connections_[index];
        it.connected = false;
        it.fd = open_connection(server_);
        if (it.fd < 0) {
            ++totals_.failed.connect;
            return;
        }
        ++open_;
        poller_.add(it.fd, EPOLLOUT, index);
    }

    void drop(connection& it) {
        ::close(it.fd);
        it.fd = -1;
        --open_;
    }

    /// After an error that is counted: a new connection, unless so many failed that the server is no use.
    void renew(std::size_t index) {
        drop(connections_[index]);
        if (totals_.failed.total() < 100 && steady::now() < end_) {
            connect(index);
        }
    }

    void on_event(std::size_t index, std::uint32_t events) {
        auto& it = connections_[index];
        if (!it.connected) {
            if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
                ++totals_.failed.connect;
                return renew(index);
            }
            it.connected = true;
            poller_.add(it.fd, EPOLLIN, index, EPOLL_CTL_MOD);
            return request(index);
        }
        switch (it.reader.read(it.fd)) {
        case outcome::more:
            return;
        case outcome::closed:
            ++totals_.failed.lost;
            return renew(index);
        case outcome::wrong:
            totals_.failed.count(it.reader.fault(), it.reader.head());
            return renew(index);
        case outcome::done:
            break;
        }
        const auto now = steady::now();
        ++totals_.requests;
        totals_.bytes += it.reader.body_read();
        totals_.latency.push_back(milliseconds(now - it.sent));
        totals_.first.push_back(milliseconds(it.reader.first_byte() - it.sent));
        if (!it.reader.keep_alive()) {
            ++totals_.reconnects;
            drop(it);
            return now < end_ && left_ > 0 ? connect(index) : void();
        }
        if (now >= end_) {
            return drop(it);
        }
        request(index);
    }

    void request(std::size_t index) {
        auto& it = connections_[index];
        if (left_ == 0 || (sequential_ && next_ >= size_)) {
            return drop(it);
        }
        --left_;
        request_ = prefix_;
        if (ranged_) {
            auto first = next_;
            if (sequential_) {
                next_ += length_;
            } else {
                first = std::uniform_int_distribution<std::uint64_t>{0, size_ - length_}(random_);
            }
            const auto last = std::min(first + length_, size_) - 1;
            request_ += "Range: bytes=" + std::to_string(first) + "-" + std::to_string(last) + "\r\n";
            expected_.first = first;
            expected_.length = last - first + 1;
        }
        request_ += "\r\n";
        it.reader.begin(expected_);
        it.sent = steady::now();
        if (!send_request(it.fd, request_)) {
            ++totals_.failed.lost;
            renew(index);
        }
    }

    server_address server_;
    bool ranged_;
    bool sequential_;
    std::uint64_t size_;
    std::uint64_t length_;
    std::uint64_t next_;
    std::uint64_t left_;
    std::mt19937_64 random_;
    steady::duration duration_{};
    steady::time_point end_;
    steady::time_point last_progress_;
    expectation expected_;
    std::string prefix_;
    std::string request_;
    std::vector<connection> connections_;
    std::size_t open_{0};
    poller poller_;
    totals totals_;
};

/// Mode `once`.
int once(const options& given) {
    const server_address server{given.text("url", "")};
    const auto abort_after = given.number("abort-after", UINT64_MAX);
    const auto range = given.text("range", "");
    std::string request = "GET " + server.path + " HTTP/1.1\r\nHost: " + server.host + "\r\n";
    request += (range.empty() ? "" : "Range: " + range + "\r\n") + "\r\n";
    expectation expected;
    expected.status = range.empty() ? 200 : 206;
    expected.verify = given.flag("verify");
    expected.seed = seed_of(server.path);
    if (given.flag("length")) {
        expected.length = given.number("length", 0);
    }
    struct client {
        int fd{-1};
        bool sent{false};
        steady::time_point begun;
        response_reader reader;
    };
    std::vector<client> clients(given.number("clients", 1));
    poller poll;
    totals sum;
    const auto begin = steady::now();
    std::size_t open = 0;
    for (std::size_t i = 0; i < clients.size(); ++i) {
        clients[i].begun = steady::now();
        clients[i].fd = open_connection(server);
        clients[i].reader.begin(expected);
        if (clients[i].fd < 0) {
            ++sum.failed.connect;
            continue;
        }
        ++open;
        poll.add(clients[i].fd, EPOLLOUT, i);
    }
    while (open > 0) {
        const auto count = poll.wait(30000);
        if (count == 0) {
            sum.failed.lost += open;
            break;
        }
        for (std::size_t i = 0; i < count; ++i) {
            auto& it = clients[poll.events[i].data.u64];
            if (!it.sent) {
                it.sent = true;
                poll.add(it.fd, EPOLLIN, poll.events[i].data.u64, EPOLL_CTL_MOD);
                if (!send_request(it.fd, request)) {
                    ++sum.failed.connect;
                    ::close(it.fd);
                    --open;
                }
                continue;
            }
            const auto state = it.reader.read(it.fd, abort_after - it.reader.body_read());
            if (state == outcome::more && it.reader.body_read() < abort_after) {
                continue;
            }
            if (state == outcome::closed) {
                ++sum.failed.lost;
            } else if (state == outcome::wrong) {
                sum.failed.count(it.reader.fault(), it.reader.head());
            } else {
                ++sum.requests;
                sum.latency.push_back(milliseconds(steady::now() - it.begun));
                sum.first.push_back(milliseconds(it.reader.first_byte() - it.begun));
            }
            sum.bytes += it.reader.body_read();
            ::close(it.fd);
            --open;
        }
    }
    sum.print(seconds(steady::now() - begin));
    return sum.failed.total() == 0 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    const std::string_view mode = argc > 1 ? argv[1] : "";
    const bench::options given{std::max(argc - 2, 0), argv + 2};
    if (mode == "range" || mode == "plain") {
        return std::make_unique<steady_load>(given, mode == "range")->run();
    }
    if (mode == "once") {
        return once(given);
    }
    if (mode == "hold") {
        return bench::hold(given);
    }
    options::fail("the mode is range, plain, once or hold");
}
