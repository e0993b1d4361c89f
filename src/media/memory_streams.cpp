#include <sluice/media/memory_streams.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace sluice::media {

namespace {

/// Whether a transfer takes a share of the memory, and not just what it is charged at its beginning.
bool is_large(const memory_stream::description& about) noexcept {
    return about.bound() - about.head.bytes.first > min_ring;
}

} // namespace

std::unique_ptr<memory_follower> memory_streams::begin(memory_stream::description about, executor ex) {
    auto ring = memory_ring::make(memory_, about.head.bytes.first, about.bound());
    if (!ring) {
        counters_.memory_exhausted->Increment();
        const mutex_lock lock(mutex_);
        if (const auto found = running_.find(about.object); found != running_.end()) {
            found->second.validator = about.head.validator;
            found->second.size = about.head.size;
        }
        return nullptr;
    }
    auto made = std::make_shared<memory_stream>(*this, std::move(*ring), std::move(about), ex);
    auto first = made->begin_following(ex);
    const mutex_lock lock(mutex_);
    large_.fetch_add(is_large(made->about()) ? 1 : 0, std::memory_order_relaxed);
    auto& of = running_[made->about().object];
    of.validator = made->about().head.validator;
    of.size = made->about().head.size;
    of.streams.push_back(std::move(made));
    count_.fetch_add(1, std::memory_order_relaxed);
    return first;
}

std::vector<std::shared_ptr<memory_stream>> memory_streams::of(const std::string& object) const {
    const mutex_lock lock(mutex_);
    const auto found = running_.find(object);
    return found == running_.end() ? std::vector<std::shared_ptr<memory_stream>>()
                                   : std::vector(found->second.streams.rbegin(), found->second.streams.rend());
}

std::vector<std::shared_ptr<memory_stream>> memory_streams::latest_of(const std::string& object) const {
    std::vector<std::shared_ptr<memory_stream>> latest;
    const mutex_lock lock(mutex_);
    const auto found = running_.find(object);
    if (found == running_.end()) {
        return latest;
    }
    const auto& of = found->second;
    std::copy_if(of.streams.rbegin(), of.streams.rend(), std::back_inserter(latest), [&of](const auto& each) {
        return each->about().head.validator == of.validator && each->about().head.size == of.size;
    });
    return latest;
}

void memory_streams::remove(const memory_stream& s) {
    std::shared_ptr<memory_stream> last; // ends without the lock
    const mutex_lock lock(mutex_);
    const auto found = running_.find(s.about().object);
    if (found == running_.end()) {
        return;
    }
    auto& streams = found->second.streams;
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
    large_.fetch_sub(is_large(s.about()) ? 1 : 0, std::memory_order_relaxed);
}

} // namespace sluice::media
