#include <sluice/cache/block_store.hpp>
#include <sluice/media/send_file.hpp>
#include <sluice/session/exchange.hpp>

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sluice::media {

namespace {

/// Up to here reading behind the head and one send costs less than sendfile.
constexpr std::size_t small_body = 32 * 1024;
/// How much of a file is looked at, and loaded where it is cold, at a time.
constexpr std::uint64_t residency_step = 1U << 20U;
constexpr std::uint64_t probe_step = 256 * 1024;

error disk_trouble() {
    return {errc::disk_error, error_source::internal, false, std::strerror(errno)};
}

/// Reads what the page cache has without waiting; true where that is all of it. A file system that cannot tell
/// (EOPNOTSUPP: tmpfs, whose files are memory) is read plainly.
bool read_now(int fd, char* out, std::size_t length, std::uint64_t offset) {
    const iovec part{out, length};
    ssize_t n = preadv2(fd, &part, 1, static_cast<off_t>(offset), RWF_NOWAIT);
    if (n < 0 && errno == EOPNOTSUPP) {
        n = pread(fd, out, length, static_cast<off_t>(offset));
    }
    return n == static_cast<ssize_t>(length);
}

/// Whether [first, end) can be sent without waiting for the disk. Looks at single bytes, a microsecond each: memory is
/// reclaimed in larger runs than the steps between them, and what is missed costs one wait of sendfile.
bool is_resident(int fd, std::uint64_t first, std::uint64_t end) {
    char byte = 0;
    for (std::uint64_t at = first; at < end; at += probe_step) {
        if (!read_now(fd, &byte, 1, at)) {
            return false;
        }
    }
    return read_now(fd, &byte, 1, end - 1);
}

/// Reads all of it; on a thread that may wait.
bool read_waiting(int fd, char* out, std::size_t length, std::uint64_t offset) {
    while (length > 0) {
        const ssize_t n = pread(fd, out, length, static_cast<off_t>(offset));
        if (n <= 0) {
            return false;
        }
        out += n;
        offset += static_cast<std::uint64_t>(n);
        length -= static_cast<std::size_t>(n);
    }
    return true;
}

/// Brings a range into the page cache; on a thread that may wait.
bool load(int fd, std::uint64_t first, std::uint64_t last) {
    cache::prefetch(fd, first, last - first + 1);
    std::vector<char> sink(64 * 1024);
    while (first <= last) {
        const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(sink.size(), last - first + 1));
        const ssize_t n = pread(fd, sink.data(), want, static_cast<off_t>(first));
        if (n <= 0) {
            return false;
        }
        first += static_cast<std::uint64_t>(n);
    }
    return true;
}

awaitable<bool> load_cold(file_pool& reads, int fd, std::uint64_t first, std::uint64_t last) {
    auto job = [fd, first, last] { return load(fd, first, last); };
    return reads.run(job);
}

/// Waits until the client takes more. False where the bytes were let go of meanwhile.
awaitable<result<bool>> wait_for_client(session::exchange& x, slow_reader_guard* slow) {
    if (slow != nullptr) {
        slow->before_wait();
    }
    auto ready = co_await x.client.wait_writable();
    if (!ready) {
        co_return ready.error();
    }
    co_return slow == nullptr || !slow->paused();
}

awaitable<result<void>> send_large(session::exchange& x, file_pool& reads, int fd, std::uint64_t& first,
                                   std::uint64_t last, std::uint64_t looked_at, slow_reader_guard* slow) {
    while (first <= last) {
        if (first >= looked_at) {
            looked_at = std::min(last + 1, first + residency_step);
            if (!is_resident(fd, first, looked_at)) {
                const bool loaded = co_await load_cold(reads, fd, first, looked_at - 1);
                if (!loaded) {
                    co_return disk_trouble();
                }
            }
        }
        const auto taken = x.client.try_send_file(fd, first, static_cast<std::size_t>(looked_at - first));
        if (!taken) {
            co_return taken.error();
        }
        first += taken.value();
        if (taken.value() == 0) {
            auto held = co_await wait_for_client(x, slow);
            if (!held) {
                co_return held.error();
            }
            if (!held.value()) {
                co_return result<void>();
            }
        }
    }
    co_return result<void>();
}

/// Sends as much of `head` as the socket takes; returns the rest.
result<std::string_view> begin(session::exchange& x, const std::string& head, bool more_follows) {
    x.note_head_sent();
    const auto taken = x.client.try_write(head, more_follows);
    if (!taken) {
        return taken.error();
    }
    return std::string_view(head).substr(taken.value());
}

/// Sends what of the head, and of what stands behind it, the socket did not take.
awaitable<result<void>> send_rest(session::exchange& x, std::string_view left, slow_reader_guard* slow) {
    if (left.empty()) {
        co_return result<void>();
    }
    if (slow != nullptr) {
        slow->before_wait();
    }
    co_return co_await x.client.write(left);
}

} // namespace

awaitable<result<void>> send_file(session::exchange& x, file_pool& reads, int fd, std::uint64_t& first,
                                  std::uint64_t last, std::string& head, slow_reader_guard* slow) {
    const std::uint64_t length = last - first + 1;
    const bool has_head = !head.empty();
    const bool in_one_write = has_head && length <= small_body;
    std::uint64_t looked_at = first;
    // While the pool reads, the response is not begun: a fault can still become something else.
    if (in_one_write) {
        const auto body = static_cast<std::size_t>(length);
        const std::size_t head_size = head.size();
        head.resize(head_size + body);
        bool have = read_now(fd, head.data() + head_size, body, first);
        if (!have) {
            have = co_await read_file(reads, fd, head.data() + head_size, body, first);
        }
        if (!have) {
            head.resize(head_size);
            co_return disk_trouble();
        }
    } else if (has_head) {
        looked_at = std::min(last + 1, first + residency_step);
        if (!is_resident(fd, first, looked_at)) {
            const bool loaded = co_await load_cold(reads, fd, first, looked_at - 1);
            if (!loaded) {
                co_return disk_trouble();
            }
        }
    }
    if (has_head) {
        const auto left = begin(x, head, !in_one_write);
        if (!left) {
            co_return left.error();
        }
        auto sent = co_await send_rest(x, *left, slow);
        if (!sent) {
            co_return sent;
        }
        head.clear();
    }
    if (in_one_write) {
        first = last + 1;
        co_return result<void>();
    }
    if (has_head && slow != nullptr && slow->paused()) {
        co_return result<void>();
    }
    co_return co_await send_large(x, reads, fd, first, last, looked_at, slow);
}

awaitable<bool> read_file(file_pool& reads, int fd, char* out, std::size_t length, std::uint64_t offset) {
    if (read_now(fd, out, length, offset)) {
        co_return true;
    }
    auto job = [fd, out, length, offset] { return read_waiting(fd, out, length, offset); };
    const bool whole = co_await reads.run(job);
    co_return whole;
}

} // namespace sluice::media
