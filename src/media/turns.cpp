#include <sluice/media/turns.hpp>

#include <iterator>
#include <utility>

namespace sluice::media {

turns::place::place(turns& owner, const std::string& name, std::shared_ptr<event> wake)
    : owner_(owner)
    , wake_(std::move(wake)) {
    const std::lock_guard lock(owner_.mutex_);
    line_ = owner_.lines_.try_emplace(name).first;
    line_->second.push_back(*this);
}

turns::place::~place() {
    const std::lock_guard lock(owner_.mutex_);
    auto& line = line_->second;
    const bool passes_on = &line.front() == this;
    line.erase(line.iterator_to(*this));
    if (line.empty()) {
        owner_.lines_.erase(line_);
    } else if (passes_on) {
        try {
            line.front().wake_->notify();
        } catch (...) { // no memory: it looks again when its own time is up
            return;
        }
    }
}

bool turns::place::has_turn() const {
    const std::lock_guard lock(owner_.mutex_);
    return &line_->second.front() == this;
}

bool turns::place::is_awaited() const {
    const std::lock_guard lock(owner_.mutex_);
    return std::next(line_->second.begin()) != line_->second.end();
}

std::size_t turns::size() const {
    const std::lock_guard lock(mutex_);
    return lines_.size();
}

} // namespace sluice::media
