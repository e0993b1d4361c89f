#pragma once

#include <mutex>
#include <set>
#include <string>
#include <utility>

namespace sluice {

/// Tells what was said already, for what is worth one line of the log however often it happens. From any thread. To be
/// asked with texts out of a bounded set only: each is kept.
class said_once {
public:
    /// True for the first call with this text.
    [[nodiscard]] bool is_first(std::string what) {
        const std::lock_guard lock(mutex_);
        return said_.insert(std::move(what)).second;
    }

private:
    std::mutex mutex_;
    std::set<std::string> said_;
};

} // namespace sluice
