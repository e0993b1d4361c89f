#pragma once

#include <sluice/base/mutex.hpp>

#include <prometheus/counter.h>
#include <prometheus/family.h>

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace sluice::metrics {

using prometheus::Counter;

/// The label value for what has none of its own.
inline constexpr std::string_view other = "other";

/// The counters of one family by the values of one label (`code`, `reason`), made on first use. From any thread; a
/// look-up takes a short lock.
class counter_set {
public:
    /// The most values of the label; more are counted as `other`, so that no peer can make the page grow without end.
    static constexpr std::size_t max_values = 64;

    /// `known`: values that are there at 0 before their first event, so that `increase()` sees the first one too.
    counter_set(prometheus::Family<Counter>& family, std::map<std::string, std::string> fixed, std::string label,
                std::span<const std::string_view> known = {});
    /// The counter of `value`; lives as long as the family.
    Counter& at(std::string_view value);

private:
    Counter& make(std::string_view value) REQUIRES(mutex_);

    prometheus::Family<Counter>& family_;
    std::map<std::string, std::string> fixed_;
    std::string label_;
    mutex mutex_;
    std::map<std::string, Counter*, std::less<>> known_ GUARDED_BY(mutex_);
};

} // namespace sluice::metrics
