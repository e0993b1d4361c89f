#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace sluice {

/// Writes whole lines to a descriptor (a file, a pipe, a terminal) from a thread of its own. Whoever hands them over
/// never waits, and what waits to be written is bounded in bytes: what comes beyond is dropped and counted, and said in
/// a line of its own once writing works again. (spdlog's queue is bounded in messages, and one message may be large;
/// and it cannot be ended while its sink blocks.)
///
/// No line is torn: what a pipe has no room for is not begun, and a line that a fault cut is continued.
class line_writer {
public:
    /// `most`: bytes that may wait. `notice`: makes the line (with its end) that tells how many were dropped; called on
    /// the thread. `fd` stays the caller's.
    line_writer(int fd, std::size_t most, std::function<std::string(std::uint64_t)> notice);
    line_writer(const line_writer&) = delete;
    line_writer& operator=(const line_writer&) = delete;
    /// As `finish` with no patience.
    ~line_writer();

    /// Hands over lines; the last one ends in a line feed as well. From any thread; never waits.
    void write(std::string_view lines);

    /// Writes out what waits, for `patience` at most, and ends the thread. True where all was written. Once.
    bool finish(std::chrono::milliseconds patience);

    /// Lines that were dropped so far. From any thread.
    [[nodiscard]] std::uint64_t dropped() const noexcept;

private:
    struct shared;
    std::shared_ptr<shared> shared_; // with the thread, which may outlive us where a write does not return
};

} // namespace sluice
