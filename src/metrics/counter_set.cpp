#include <sluice/metrics/counter_set.hpp>

#include <utility>

namespace sluice::metrics {

counter_set::counter_set(prometheus::Family<Counter>& family, std::map<std::string, std::string> fixed,
                         std::string label, std::span<const std::string_view> known)
    : family_(family)
    , fixed_(std::move(fixed))
    , label_(std::move(label)) {
    const mutex_lock lock(mutex_);
    for (const auto value : known) {
        make(value);
    }
}

Counter& counter_set::at(std::string_view value) {
    const mutex_lock lock(mutex_);
    const auto it = known_.find(value);
    if (it != known_.end()) {
        return *it->second;
    }
    if (known_.size() < max_values) {
        return make(value);
    }
    const auto rest = known_.find(other);
    return rest != known_.end() ? *rest->second : make(other);
}

Counter& counter_set::make(std::string_view value) {
    auto l = fixed_;
    l.emplace(label_, value);
    auto& made = family_.Add(l);
    known_.emplace(value, &made);
    return made;
}

} // namespace sluice::metrics
