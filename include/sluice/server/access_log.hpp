#pragma once

#include <sluice/session/exchange.hpp>

#include <string>

namespace sluice::server {

/// The access log of one worker: a JSON line a request, collected and passed to the log's thread in bulk at the
/// worker's tick, so that a request pays for formatting alone. On the worker's thread.
///
/// Paths go without their query; nothing of a request's head is logged but its method and path.
class access_log {
public:
    explicit access_log(bool enabled);

    void record(const session::exchange& x);
    /// Passes what was collected to the log's thread.
    void flush();

private:
    bool enabled_;
    std::string lines_;
    std::string second_; // the time stamp up to the second, made anew when that changes
    std::int64_t second_number_{-1};
};

} // namespace sluice::server
