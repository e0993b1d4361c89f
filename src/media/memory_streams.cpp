#include <sluice/media/memory_streams.hpp>

#include <algorithm>
#include <utility>

namespace sluice::media {

std::unique_ptr<memory_follower> memory_streams::begin(memory_stream::description about, executor ex) {
    auto ring = memory_ring::make(memory_, about.head.bytes.first, about.bound());
    if (!ring) {
        counters_.memory_exhausted->Increment();
        return nullptr;
    }
    auto made = std::make_shared<memory_stream>(*this, std::move(*ring), std::move(about), ex);
    auto first = made->begin_following(ex);
    const mutex_lock lock(mutex_);
    running_[made->about().object].push_back(std::move(made));
    count_.fetch_add(1, std::memory_order_relaxed);
    return first;
}

std::vector<std::shared_ptr<memory_stream>> memory_streams::of(const std::string& object) const {
    const mutex_lock lock(mutex_);
    const auto found = running_.find(object);
    return found == running_.end() ? std::vector<std::shared_ptr<memory_stream>>()
                                   : std::vector(found->second.rbegin(), found->second.rend());
}

void memory_streams::remove(const memory_stream& s) {
    std::shared_ptr<memory_stream> last; // ends without the lock
    const mutex_lock lock(mutex_);
    const auto found = running_.find(s.about().object);
    if (found == running_.end()) {
        return;
    }
    auto& streams = found->second;
    const auto it = std::ranges::find(streams, &s, &std::shared_ptr<memory_stream>::get);
    if (it == streams.end()) {
        return;
    }
    last = std::move(*it);
    streams.erase(it);
    if (streams.empty()) {
        running_.erase(found);
    }
    count_.fetch_sub(1, std::memory_order_relaxed);
}

} // namespace sluice::media
