#include <sluice/media/keyed_mutex.hpp>

#include <iterator>
#include <utility>

namespace sluice::media {

keyed_mutex::ticket::ticket(keyed_mutex& owner, const std::string& key, std::shared_ptr<async_event> wake)
    : owner_(owner)
    , wake_(std::move(wake)) {
    const mutex_lock lock(owner_.mutex_);
    queue_ = owner_.queues_.try_emplace(key).first;
    queue_->second.push_back(*this);
}

keyed_mutex::ticket::~ticket() {
    const mutex_lock lock(owner_.mutex_);
    auto& queue = queue_->second;
    const bool owned_lock = &queue.front() == this;
    queue.erase(queue.iterator_to(*this));
    if (queue.empty()) {
        owner_.queues_.erase(queue_);
    } else if (owned_lock) {
        try {
            queue.front().wake_->notify();
        } catch (...) { // out of memory: the next one looks again when its wait times out
            return;
        }
    }
}

bool keyed_mutex::ticket::owns_lock() const {
    const mutex_lock lock(owner_.mutex_);
    return &queue_->second.front() == this;
}

bool keyed_mutex::ticket::is_contended() const {
    const mutex_lock lock(owner_.mutex_);
    return std::next(queue_->second.begin()) != queue_->second.end();
}

std::size_t keyed_mutex::size() const {
    const mutex_lock lock(mutex_);
    return queues_.size();
}

} // namespace sluice::media
