// The benchmark's origin and its app in one: a single-threaded epoll server that makes its objects up (content.hpp),
// with a wait before each answer, a rate for each connection, and outages. Signatures are accepted and ignored.
//
//   bench_origin --port N [--delay-ms N] [--rate BYTES_PER_SECOND]
//
//   GET|HEAD /any/path/NAME.SIZE   an object of SIZE bytes: Range, If-Range, If-Match, If-None-Match
//   GET /small                     200 with 200 bytes, at once
//   GET /_stats                    counters and the requests since the last reset, as JSON
//   POST /_reset                   counters to 0
//   POST /_set?delay_ms=N&rate=N   other numbers from here on
//   POST /_outage?ms=N             cuts the answers that are under way, and so long 503 to every request for an object
#include "content.hpp"
#include "object_answer.hpp"
#include "origin_counters.hpp"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

using steady = std::chrono::steady_clock;
using bench::answer_object;
using bench::number;
using std::chrono::duration_cast;

constexpr std::size_t piece_size = 128 * 1024;
constexpr double quantum = 16 * 1024; ///< the least that is sent at once where there is a rate

/// One connection and the answer it is in.
struct connection {
    int fd{-1};
    std::uint64_t id{0};   ///< timers of an earlier connection with the same descriptor do not fit it
    std::string in;        ///< received, not yet taken
    std::string out;       ///< the head, or a whole small answer
    std::size_t out_at{0}; ///< sent of it
    std::string name;      ///< of the object
    std::uint64_t seed{0};
    std::uint64_t next{0}; ///< of the object, still to be sent
    std::uint64_t end{0};
    bool busy{false};    ///< from a request's last byte to its answer's last
    bool waiting{false}; ///< for the delay
    bool writable_asked{false};
    double tokens{0};
    steady::time_point refilled;
};

struct timer {
    steady::time_point at;
    int fd;
    std::uint64_t id;
    bool operator<(const timer& other) const { return at > other.at; } // the earliest on top of a priority_queue
};

class server {
public:
    server(std::uint16_t port, std::uint64_t delay_ms, std::uint64_t rate)
        : delay_ms_(delay_ms)
        , rate_(rate) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        const int on = 1;
        ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        // The sockets interface takes addresses this way.
        if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
            ::listen(listener_, 4096) != 0) {
            std::perror("bench_origin: listen");
            std::exit(1);
        }
        epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
        watch(listener_, EPOLLIN, EPOLL_CTL_ADD);
    }

    [[noreturn]] void run() {
        std::array<epoll_event, 256> events{};
        for (;;) {
            timespec wait{};
            timespec* bound = nullptr;
            if (!timers_.empty()) {
                const auto left = std::max(timers_.top().at - steady::now(), steady::duration::zero());
                wait.tv_sec = static_cast<time_t>(duration_cast<std::chrono::seconds>(left).count());
                wait.tv_nsec = static_cast<long>((left % std::chrono::seconds{1}).count());
                bound = &wait;
            }
            const int count = ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), bound, nullptr);
            for (int i = 0; i < count; ++i) {
                const auto& event = events.at(static_cast<std::size_t>(i));
                if (event.data.fd == listener_) {
                    accept_all();
                } else if (const auto found = connections_.find(event.data.fd); found != connections_.end()) {
                    on_event(*found->second, event.events);
                }
            }
            run_timers();
        }
    }

private:
    void watch(int fd, std::uint32_t what, int operation) const {
        epoll_event event{};
        event.events = what;
        event.data.fd = fd;
        ::epoll_ctl(epoll_, operation, fd, &event);
    }

    void accept_all() {
        for (;;) {
            const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0) {
                return;
            }
            const int on = 1;
            ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            auto made = std::make_unique<connection>();
            made->fd = fd;
            made->id = ++last_id_;
            connections_[fd] = std::move(made);
            ++counters_.connections;
            watch(fd, EPOLLIN, EPOLL_CTL_ADD);
        }
    }

    void close(connection& it) {
        if (it.busy) {
            ++counters_.cut_short;
            finish(it);
        }
        const int fd = it.fd;
        connections_.erase(fd);
        ::close(fd);
    }

    void finish(connection& it) {
        it.busy = false;
        --counters_.in_flight;
    }

    void on_event(connection& it, std::uint32_t events) {
        if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) {
            std::array<char, 16384> buffer; // NOLINT: filled by recv
            const auto got = ::recv(it.fd, buffer.data(), buffer.size(), 0);
            if (got == 0 || (got < 0 && errno != EAGAIN) || it.in.size() > 65536) {
                return close(it);
            }
            if (got > 0) {
                it.in.append(buffer.data(), static_cast<std::size_t>(got));
            }
        }
        advance(it);
    }

    void run_timers() {
        const auto now = steady::now();
        while (!timers_.empty() && timers_.top().at <= now) {
            const auto due = timers_.top();
            timers_.pop();
            const auto found = connections_.find(due.fd);
            if (found != connections_.end() && found->second->id == due.id) {
                found->second->waiting = false;
                advance(*found->second);
            }
        }
    }

    /// Takes the connection as far as it goes now: requests that are whole, answers that may be sent.
    void advance(connection& it) {
        for (;;) {
            if (!it.busy) {
                const auto end = it.in.find("\r\n\r\n");
                if (end == std::string::npos) {
                    return;
                }
                begin(it, it.in.substr(0, end + 2));
                it.in.erase(0, end + 4);
            }
            if (it.waiting || !send_some(it)) {
                return;
            }
            finish(it);
        }
    }

    /// Builds the answer to one request head.
    void begin(connection& it, const std::string& head) {
        it.busy = true;
        it.out.clear();
        it.out_at = 0;
        it.next = it.end = 0;
        counters_.most_in_flight = std::max(counters_.most_in_flight, ++counters_.in_flight);
        const auto space = head.find(' ');
        const std::string_view method{head.data(), space};
        const auto target = std::string_view{head}.substr(space + 1, head.find(' ', space + 1) - space - 1);
        if (target == "/small") {
            ++counters_.requests;
            counters_.body_bytes += 200;
            static const std::string small(200, 's');
            return whole(it, "200 OK", "text/plain", small);
        }
        if (target.starts_with("/_")) {
            return control(it, target);
        }
        ++counters_.requests;
        if (steady::now() < outage_end_) {
            return whole(it, "503 Service Unavailable", "text/plain", "outage\n");
        }
        auto made = answer_object(head, method, target);
        it.out = std::move(made.head);
        it.name = bench::last_segment(target);
        it.seed = made.seed;
        it.next = made.first;
        it.end = made.end;
        if (counters_.log.size() < 200) {
            counters_.log.push_back(std::move(made.log_line));
        }
        if (delay_ms_ > 0) {
            it.waiting = true;
            timers_.push({steady::now() + std::chrono::milliseconds{delay_ms_}, it.fd, it.id});
        }
        it.tokens = quantum;
        it.refilled = steady::now() + std::chrono::milliseconds{delay_ms_};
    }

    static void whole(connection& it, std::string_view status, std::string_view type, std::string_view body) {
        it.out = "HTTP/1.1 ";
        it.out.append(status).append("\r\nContent-Type: ").append(type).append("\r\nContent-Length: ");
        it.out.append(std::to_string(body.size())).append("\r\n\r\n").append(body);
    }

    /// Closes every connection that is within an answer, but `but`, which asked for that.
    void cut_all(const connection& but) {
        std::vector<int> cut;
        for (const auto& [fd, it] : connections_) {
            if (it->busy && fd != but.fd) {
                cut.push_back(fd);
            }
        }
        for (const int fd : cut) {
            finish(*connections_.at(fd));
            close(*connections_.at(fd));
        }
    }

    void control(connection& it, std::string_view target) {
        const auto value = [&](std::string_view name, std::uint64_t otherwise) {
            const auto at = target.find(name);
            return at == std::string_view::npos ? otherwise : number(target.substr(at + name.size()), otherwise);
        };
        if (target == "/_reset") {
            const auto open = counters_.in_flight;
            counters_ = {};
            counters_.in_flight = counters_.most_in_flight = open;
        } else if (target.starts_with("/_set?")) {
            delay_ms_ = value("delay_ms=", delay_ms_);
            rate_ = value("rate=", rate_);
        } else if (target.starts_with("/_outage?")) {
            outage_end_ = steady::now() + std::chrono::milliseconds{value("ms=", 0)};
            cut_all(it);
        }
        whole(it, "200 OK", "application/json", counters_.json());
    }

    /// Sends what the socket and the rate allow. True: the answer is sent whole. Does not close the connection, which
    /// is left to the read side.
    bool send_some(connection& it) {
        for (;;) {
            ssize_t sent = 0;
            const bool in_head = it.out_at < it.out.size();
            if (in_head) {
                sent = ::send(it.fd, it.out.data() + it.out_at, it.out.size() - it.out_at,
                              MSG_NOSIGNAL | (it.next < it.end ? MSG_MORE : 0));
            } else if (it.next == it.end) {
                ask_writable(it, false);
                return true;
            } else {
                const auto size = allowed(it);
                if (size == 0) {
                    ask_writable(it, false);
                    return false;
                }
                bench::fill(it.seed, it.next, std::span{buffer_}.first(size));
                sent = ::send(it.fd, buffer_.data(), size, MSG_NOSIGNAL);
            }
            if (sent < 0) {
                ask_writable(it, errno == EAGAIN);
                return false;
            }
            if (in_head) {
                it.out_at += static_cast<std::size_t>(sent);
                continue;
            }
            it.next += static_cast<std::uint64_t>(sent);
            it.tokens -= static_cast<double>(sent);
            counters_.body_bytes += static_cast<std::uint64_t>(sent);
            counters_.object_bytes[it.name] += static_cast<std::uint64_t>(sent);
        }
    }

    /// How much of the body may go now; 0 once a timer was set for more.
    std::size_t allowed(connection& it) {
        const auto left = it.end - it.next;
        if (rate_ == 0) {
            return static_cast<std::size_t>(std::min<std::uint64_t>(left, piece_size));
        }
        const auto now = steady::now();
        const auto rate = static_cast<double>(rate_);
        // 20 ms may be saved up, so that a scheduling hiccup here does not show as a slower origin.
        it.tokens += rate * std::chrono::duration<double>(now - it.refilled).count();
        it.tokens = std::min(it.tokens, std::max(rate * 0.02, quantum));
        it.refilled = now;
        const auto wanted = std::min(quantum, static_cast<double>(left));
        if (it.tokens + 0.5 < wanted) {
            it.waiting = true;
            const std::chrono::duration<double> wait{(wanted - it.tokens) / rate};
            timers_.push({now + duration_cast<steady::duration>(wait), it.fd, it.id});
            return 0;
        }
        return std::min<std::size_t>(static_cast<std::size_t>(std::min(it.tokens + 0.5, static_cast<double>(left))),
                                     piece_size);
    }

    void ask_writable(connection& it, bool asked) const {
        if (it.writable_asked != asked) {
            it.writable_asked = asked;
            watch(it.fd, asked ? EPOLLIN | EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
        }
    }

    int listener_;
    int epoll_;
    std::uint64_t delay_ms_;
    std::uint64_t rate_;            ///< bytes a second and connection; 0: no bound
    steady::time_point outage_end_; ///< until then requests for objects are answered 503
    std::uint64_t last_id_{0};
    std::unordered_map<int, std::unique_ptr<connection>> connections_;
    std::priority_queue<timer> timers_;
    bench::origin_counters counters_;
    std::vector<char> buffer_ = std::vector<char>(piece_size);
};

} // namespace

int main(int argc, char** argv) {
    std::uint64_t port = 0;
    std::uint64_t delay_ms = 0;
    std::uint64_t rate = 0;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string_view name{argv[i]};
        auto& value = name == "--port" ? port : name == "--delay-ms" ? delay_ms : rate;
        value = number(argv[i + 1], 0);
    }
    if (port == 0 || port > 65535) {
        std::fputs("usage: bench_origin --port N [--delay-ms N] [--rate BYTES_PER_SECOND]\n", stderr);
        return 2;
    }
    std::signal(SIGPIPE, SIG_IGN);
    server{static_cast<std::uint16_t>(port), delay_ms, rate}.run();
}
