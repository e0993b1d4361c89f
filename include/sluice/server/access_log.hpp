#pragma once

#include <sluice/session/exchange.hpp>

#include <string>

namespace sluice::server {

/// The access log of one worker: a JSON line a request, collected and passed to the log's thread in bulk at the
/// worker's tick, so that a request pays for formatting alone. On the worker's thread.
///
/// Paths go without their query; nothing else of a request's head is logged but its method, Range, User-Agent and
/// X-Request-ID, and of those only the beginning.
class access_log {
public:
    /// `enabled`: `log.access`.
    explicit access_log(bool enabled);

    /// Adds the line of an exchange that has ended, where the log is on.
    void record(const session::exchange& x);
    /// Passes what was collected to the log's thread.
    void flush();
    /// What was collected and not passed on: whole lines. For tests.
    [[nodiscard]] const std::string& collected() const noexcept { return lines_; }

private:
    bool enabled_;
    std::string lines_;
    std::string second_; // the time stamp up to the second, made anew when that changes
    std::int64_t second_number_{-1};
};

} // namespace sluice::server
