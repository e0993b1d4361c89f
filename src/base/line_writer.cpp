#include <sluice/base/line_writer.hpp>

#include <climits>

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <thread>
#include <utility>

namespace sluice {

namespace {

using clock = std::chrono::steady_clock;

/// What one write to a file takes.
constexpr std::size_t file_step = 64 * 1024;
/// How often a writer that waits for room looks whether it is to end.
constexpr int look_period_ms = 50;
/// How long beyond its time a thread may be in a write before it is left alone.
constexpr std::chrono::milliseconds grace{500};

std::uint64_t lines_in(std::string_view text) {
    return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

/// As many whole lines as `most` bytes hold; of a longer line, its beginning.
std::string_view whole_lines(std::string_view text, std::size_t most) {
    if (text.size() <= most) {
        return text;
    }
    const auto end = text.rfind('\n', most - 1);
    return text.substr(0, end == std::string_view::npos ? most : end + 1);
}

bool is_file(int fd) {
    struct stat info {};
    return fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

} // namespace

struct line_writer::shared {
    shared(int to, std::size_t limit, std::function<std::string(std::uint64_t)> tell)
        : fd(to)
        , most(limit)
        , notice(std::move(tell)) {}

    void run();
    std::string_view put(std::string_view text) const;
    [[nodiscard]] bool wait_for_room() const;

    const int fd;
    const std::size_t most;
    const std::function<std::string(std::uint64_t)> notice;
    std::thread thread;
    std::mutex mutex;
    std::condition_variable changed;
    std::string waiting;      // guarded by the mutex, as the next five
    std::size_t under_way{0}; // bytes that the thread has taken
    std::uint64_t unsaid{0};  // dropped lines that no notice told of yet
    bool stopping{false};
    bool ended{false};
    bool all_written{false};
    std::atomic<clock::time_point> give_up{clock::time_point::max()};
    std::atomic<std::uint64_t> dropped{0};
};

/// False where the time is up, or there is nobody to write to.
bool line_writer::shared::wait_for_room() const {
    for (;;) {
        pollfd p{fd, POLLOUT, 0};
        const int n = poll(&p, 1, look_period_ms);
        if (n > 0 || (n < 0 && errno != EINTR)) {
            return true; // the write tells what is wrong
        }
        if (clock::now() >= give_up.load()) {
            return false;
        }
    }
}

/// Writes what can be written, and gives what is left.
std::string_view line_writer::shared::put(std::string_view text) const {
    const bool file = is_file(fd);
    while (!text.empty() && (file || wait_for_room())) {
        // A pipe that is ready has room for PIPE_BUF bytes, and takes them whole (POSIX write).
        const auto part = whole_lines(text, file ? file_step : PIPE_BUF);
        const ssize_t n = ::write(fd, part.data(), part.size());
        if (n > 0) {
            text.remove_prefix(static_cast<std::size_t>(n));
        } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
            break;
        }
    }
    return text;
}

void line_writer::shared::run() {
    std::string batch; // begins with the rest of a line that was begun, where there is one
    bool works = true;
    std::unique_lock lock(mutex);
    for (;;) {
        const auto has_work = [&] { return !waiting.empty() || (works && unsaid > 0); };
        changed.wait(lock, [&] { return stopping || has_work(); });
        if (!has_work()) {
            break;
        }
        batch += std::exchange(waiting, {});
        const auto told = std::exchange(unsaid, 0);
        under_way = batch.size();
        lock.unlock();
        const std::size_t without_notice = batch.size();
        if (told > 0) {
            batch += notice(told);
        }
        const auto left = put(batch);
        works = left.empty();
        const auto at = batch.size() - left.size();
        const bool begun = at > 0 && at < batch.size() && batch[at - 1] != '\n';
        const auto keep = begun ? std::min(batch.find('\n', at), batch.size() - 1) + 1 - at : 0;
        // Whatever was not begun is dropped; a notice that was not told is told later.
        const bool untold = told > 0 && at + keep <= without_notice;
        const auto lost = at + keep < without_notice
                              ? lines_in(std::string_view(batch).substr(at + keep, without_notice - at - keep))
                              : 0;
        batch = batch.substr(at, keep);
        lock.lock();
        under_way = batch.size();
        dropped += lost;
        unsaid += lost + (untold ? told : 0);
        if (clock::now() >= give_up.load() && (lost > 0 || !batch.empty())) {
            break;
        }
    }
    all_written = waiting.empty() && batch.empty() && unsaid == 0;
    ended = true;
    changed.notify_all();
}

line_writer::line_writer(int fd, std::size_t most, std::function<std::string(std::uint64_t)> notice)
    : shared_(std::make_shared<shared>(fd, most, std::move(notice))) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all,
                    &before); // signals are for others; and a broken pipe is an error here, no SIGPIPE
    shared_->thread = std::thread([s = shared_] { s->run(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

line_writer::~line_writer() {
    if (shared_->thread.joinable()) {
        finish(std::chrono::milliseconds(0));
    }
}

void line_writer::write(std::string_view lines) {
    auto& s = *shared_;
    const std::lock_guard lock(s.mutex);
    if (s.waiting.size() + s.under_way + lines.size() > s.most) {
        const auto n = lines_in(lines);
        s.dropped += n;
        s.unsaid += n;
        return;
    }
    const bool slept = s.waiting.empty();
    s.waiting += lines;
    if (slept) {
        s.changed.notify_one();
    }
}

bool line_writer::finish(std::chrono::milliseconds patience) {
    auto& s = *shared_;
    const auto until = clock::now() + patience;
    std::unique_lock lock(s.mutex);
    s.give_up.store(until);
    s.stopping = true;
    s.changed.notify_all();
    const bool ended = s.changed.wait_until(lock, until + grace, [&s] { return s.ended; });
    const bool all = ended && s.all_written;
    lock.unlock();
    if (ended) {
        s.thread.join();
    } else {
        s.thread.detach(); // in a write that does not return; it holds what it needs
    }
    return all;
}

std::uint64_t line_writer::dropped() const noexcept {
    return shared_->dropped.load();
}

} // namespace sluice
