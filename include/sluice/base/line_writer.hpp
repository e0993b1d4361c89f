#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace sluice {

/// Writes whole lines to a descriptor (a file, a pipe, a terminal) from a thread of its own. Callers never wait: what
/// is queued is bounded in bytes, and what does not fit is dropped, counted, and reported by a line of its own once
/// writing works again. (spdlog's queue is bounded in messages, of any size, and cannot be ended while its sink
/// blocks.)
///
/// No line is torn: what a pipe has no room for is not begun, and a line that an error cut is continued.
class line_writer {
public:
    /// `max_queued`: in bytes. `notice`: makes the line, with its end, that reports how many lines were dropped; called
    /// on the thread. `fd` is not closed.
    line_writer(int fd, std::size_t max_queued, std::function<std::string(std::uint64_t)> notice);
    line_writer(const line_writer&) = delete;
    line_writer& operator=(const line_writer&) = delete;
    /// As `finish(0ms)`.
    ~line_writer();

    /// Queues lines; the last one ends in a line feed as well. From any thread; never waits.
    void write(std::string_view lines);

    /// Writes out what is queued, for `timeout` at most, and ends the thread. True where all was written. Once.
    bool finish(std::chrono::milliseconds timeout);

    /// Lines that were dropped so far. From any thread.
    [[nodiscard]] std::uint64_t dropped() const noexcept;

private:
    struct shared;
    std::shared_ptr<shared> shared_; ///< with the thread, which outlives this object where a write does not return
};

} // namespace sluice
