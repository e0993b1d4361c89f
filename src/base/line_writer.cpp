#include <sluice/base/line_writer.hpp>
#include <sluice/base/mutex.hpp>

#include <climits>

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
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

/// As many whole lines as `max` bytes hold; of a longer line, its beginning.
std::string_view whole_lines(std::string_view text, std::size_t max) {
    if (text.size() <= max) {
        return text;
    }
    const auto end = text.rfind('\n', max - 1);
    return text.substr(0, end == std::string_view::npos ? max : end + 1);
}

bool is_file(int fd) {
    struct stat info {};
    return fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

} // namespace

struct line_writer::shared {
    shared(int to, std::size_t max, std::function<std::string(std::uint64_t)> make_notice)
        : fd(to)
        , max_queued(max)
        , notice(std::move(make_notice)) {}

    void run();
    std::string_view put(std::string_view text) const;
    [[nodiscard]] bool wait_for_room() const;

    const int fd;
    const std::size_t max_queued;
    const std::function<std::string(std::uint64_t)> notice;
    std::thread thread;
    mutex guard;
    condition_variable changed;
    std::string queued GUARDED_BY(guard);
    std::size_t writing GUARDED_BY(guard){0};      // bytes that the thread has taken
    std::uint64_t unreported GUARDED_BY(guard){0}; // dropped lines that no notice has reported yet
    bool stopping GUARDED_BY(guard){false};
    bool ended GUARDED_BY(guard){false};
    bool all_written GUARDED_BY(guard){false};
    std::atomic<clock::time_point> deadline{clock::time_point::max()};
    std::atomic<std::uint64_t> dropped{0};
};

/// False where the deadline has passed.
bool line_writer::shared::wait_for_room() const {
    for (;;) {
        pollfd p{fd, POLLOUT, 0};
        const int n = poll(&p, 1, look_period_ms);
        if (n > 0 || (n < 0 && errno != EINTR)) {
            return true; // the write reports what is wrong
        }
        if (clock::now() >= deadline.load()) {
            return false;
        }
    }
}

/// Writes what can be written, and returns the rest.
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

namespace {

/// What a write that stopped somewhere in a batch leaves.
struct leftover {
    std::string begun;        // the rest of a line of which a part was written
    std::uint64_t lost_lines; // not begun: these are dropped
    bool lost_notice;         // the notice behind the lines was not begun
};

/// Of `batch` all but its last `unwritten` bytes was written; a notice begins at `notice_at`, its end where there is
/// none.
leftover leftover_of(std::string_view batch, std::size_t unwritten, std::size_t notice_at) {
    const auto at = batch.size() - unwritten;
    const bool begun = at > 0 && at < batch.size() && batch[at - 1] != '\n';
    const auto keep = begun ? std::min(batch.find('\n', at), batch.size() - 1) + 1 - at : 0;
    const auto lost_from = at + keep;
    return {std::string(batch.substr(at, keep)),
            lost_from < notice_at ? lines_in(batch.substr(lost_from, notice_at - lost_from)) : 0,
            notice_at < batch.size() && lost_from <= notice_at};
}

} // namespace

void line_writer::shared::run() {
    std::string batch; // begins with the rest of a line that was begun, where there is one
    bool works = true; // the last write went through
    mutex_lock lock(guard);
    for (;;) {
        while (!stopping && queued.empty() && !(works && unreported > 0)) {
            changed.wait(lock);
        }
        if (queued.empty() && !(works && unreported > 0)) {
            break;
        }
        batch += std::exchange(queued, {});
        const auto reported = std::exchange(unreported, 0);
        writing = batch.size();
        lock.unlock();
        const auto notice_at = batch.size();
        if (reported > 0) {
            batch += notice(reported);
        }
        const auto unwritten = put(batch).size();
        works = unwritten == 0;
        auto left = leftover_of(batch, unwritten, notice_at);
        batch = std::move(left.begun);
        lock.lock();
        writing = batch.size();
        dropped += left.lost_lines;
        unreported += left.lost_lines + (left.lost_notice ? reported : 0); // the next notice reports them
        if (clock::now() >= deadline.load() && (left.lost_lines > 0 || !batch.empty())) {
            break;
        }
    }
    all_written = queued.empty() && batch.empty() && unreported == 0;
    ended = true;
    changed.notify_all();
}

line_writer::line_writer(int fd, std::size_t max_queued, std::function<std::string(std::uint64_t)> notice)
    : shared_(std::make_shared<shared>(fd, max_queued, std::move(notice))) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    // Other threads handle signals; without SIGPIPE a broken pipe is an error of the write.
    pthread_sigmask(SIG_SETMASK, &all, &before);
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
    const mutex_lock lock(s.guard);
    if (s.queued.size() + s.writing + lines.size() > s.max_queued) {
        const auto n = lines_in(lines);
        s.dropped += n;
        s.unreported += n;
        return;
    }
    const bool slept = s.queued.empty();
    s.queued += lines;
    if (slept) {
        s.changed.notify_one();
    }
}

bool line_writer::finish(std::chrono::milliseconds timeout) {
    auto& s = *shared_;
    const auto until = clock::now() + timeout;
    bool ended = false;
    bool all = false;
    {
        mutex_lock lock(s.guard);
        s.deadline.store(until);
        s.stopping = true;
        s.changed.notify_all();
        while (!s.ended && clock::now() < until + grace) {
            s.changed.wait_until(lock, until + grace);
        }
        ended = s.ended;
        all = ended && s.all_written;
    }
    if (ended) {
        s.thread.join();
    } else {
        s.thread.detach(); // in a write that does not return; it shares what it needs
    }
    return all;
}

std::uint64_t line_writer::dropped() const noexcept {
    return shared_->dropped.load();
}

} // namespace sluice
