#pragma once

#include <sluice/base/mutex.hpp>

#include <set>
#include <string>
#include <utility>

namespace sluice {

/// Knows which texts were seen before: for events that are worth one line of the log, however often they happen. Keeps
/// each text, so only for those of a bounded set. From any thread.
class once_filter {
public:
    /// True for the first call with this text.
    [[nodiscard]] bool is_first(std::string text) {
        const mutex_lock lock(mutex_);
        return seen_.insert(std::move(text)).second;
    }

private:
    mutex mutex_;
    std::set<std::string> seen_ GUARDED_BY(mutex_);
};

} // namespace sluice
