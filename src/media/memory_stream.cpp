#include <sluice/base/assert.hpp>
#include <sluice/media/memory_stream.hpp>
#include <sluice/media/memory_streams.hpp>

#include <algorithm>
#include <utility>

namespace sluice::media {

memory_follower::memory_follower(std::shared_ptr<memory_stream> of, executor ex, std::uint64_t position,
                                 std::uint64_t end)
    : stream_(std::move(of))
    , wake_(std::make_shared<async_event>(ex))
    , position_(position)
    , end_(end) {}

memory_follower::~memory_follower() {
    stream_->leave(*this);
}

void memory_follower::want(const http::byte_range& bytes) {
    stream_->want(*this, bytes);
}

memory_span memory_follower::next(std::uint64_t position) {
    return stream_->next(*this, position);
}

memory_stream::memory_stream(memory_streams& owner, memory_ring ring, description about, executor producer)
    : owner_(owner)
    , about_(std::move(about))
    , wake_(std::make_shared<async_event>(producer))
    , ring_(std::move(ring))
    , get_end_(about_.head.bytes.last + 1)
    , counted_from_(about_.head.bytes.first) {}

std::unique_ptr<memory_follower> memory_stream::begin_following(executor ex) {
    const std::uint64_t first = about_.head.bytes.first;
    auto f = std::make_unique<memory_follower>(shared_from_this(), ex, first, first);
    const mutex_lock lock(mutex_);
    followers_.push_back(f.get());
    return f;
}

std::unique_ptr<memory_follower> memory_stream::try_follow(executor ex, const http::byte_range& wanted,
                                                           const own_request& own) {
    auto f = std::make_unique<memory_follower>(shared_from_this(), ex, wanted.first, wanted.last + 1);
    bool follows = false;
    {
        const mutex_lock lock(mutex_);
        const bool failed = outcome_ && (!*outcome_ || is_resumable());
        const auto complete_for =
            complete_since_ ? steady_clock::now() - *complete_since_ : steady_clock::duration::zero();
        const running_stream seen{ring_.begin(),           ring_.end(), get_end_,    is_resumable(),
                                  held_since_.has_value(), each_,       complete_for};
        follows = !closed_ && !failed && follows_stream(seen, wanted, own);
        if (follows) {
            followers_.push_back(f.get());
            wake_producer();
        }
    }
    return follows ? std::move(f) : nullptr; // it leaves with the mutex free
}

std::unique_ptr<memory_follower> memory_stream::try_hold(executor ex) {
    const std::uint64_t first = about_.head.bytes.first;
    auto f = std::make_unique<memory_follower>(shared_from_this(), ex, first, first);
    const mutex_lock lock(mutex_);
    if (closed_) {
        return nullptr;
    }
    followers_.push_back(f.get());
    return f;
}

std::unique_ptr<memory_follower> memory_stream::try_look(executor ex) {
    {
        const mutex_lock lock(mutex_);
        if (complete_since_ && steady_clock::now() - *complete_since_ > max_complete) {
            return nullptr;
        }
    }
    return try_hold(ex);
}

void memory_stream::want(memory_follower& f, const http::byte_range& bytes) {
    const mutex_lock lock(mutex_);
    f.position_ = bytes.first;
    f.end_ = bytes.last + 1;
    wake_producer();
}

memory_span memory_stream::next(memory_follower& f, std::uint64_t position) {
    const mutex_lock lock(mutex_);
    SLUICE_ASSERT(position < f.end_);
    f.piece_.reset();
    f.position_ = position;
    f.waits_ = false;
    if (f.left_behind_ || position < ring_.begin()) {
        return {memory_span::kind::left_behind};
    }
    wake_producer();
    if (position < ring_.end()) {
        auto view = ring_.at(position);
        f.piece_ = std::move(view.keeps);
        return {memory_span::kind::readable, view.bytes.substr(0, static_cast<std::size_t>(f.end_ - position))};
    }
    if (outcome_) {
        return {memory_span::kind::ended, {}, *outcome_};
    }
    f.waits_ = true;
    return {memory_span::kind::wait};
}

void memory_stream::leave(memory_follower& f) {
    bool was_last = false;
    {
        const mutex_lock lock(mutex_);
        f.piece_.reset();
        const bool followed = std::erase(followers_, &f) != 0;
        if (followers_.empty() && outcome_) { // whoever was left behind has the piece that it sends
            ring_.clear();
        }
        was_last = followed && followers_.empty() && !closed_;
        closed_ = closed_ || was_last;
        wake_producer();
    }
    if (was_last) {
        owner_.remove(*this);
    }
}

void memory_stream::wake_producer() {
    if (std::exchange(producer_waits_, false)) {
        wake_->notify();
    }
}

void memory_stream::wake_followers() {
    for (auto* f : followers_) {
        if (f->waits_) {
            f->wake_->notify();
        }
    }
}

memory_stream::demand memory_stream::demand_now() const {
    demand d;
    for (const auto* f : followers_) {
        d.end = std::max(d.end, std::min(f->position_ + max_ahead, f->end_));
        d.needed_from = std::min(d.needed_from, f->position_);
        d.is_waiting = d.is_waiting || (f->waits_ && f->position_ >= ring_.end());
    }
    return d;
}

memory_stream::step memory_stream::next_step(steady_clock::time_point now) {
    const mutex_lock lock(mutex_);
    for (;;) {
        if (followers_.empty()) {
            return {step::kind::end};
        }
        const auto d = demand_now();
        const auto room = ring_.end() < d.end ? ring_.room(owner_.capacity(), d.needed_from) : std::span<char>();
        note_held(now, d, ring_.end() < d.end && room.empty() && d.is_waiting);
        if (!room.empty()) {
            return {step::kind::read, room};
        }
        producer_waits_ = true;
        if (!held_since_ || !is_resumable()) {
            return {};
        }
        const auto left = hold_left(held_until(now, d));
        if (left > steady_clock::duration::zero()) {
            return {step::kind::wait, {}, now + left};
        }
        leave_first_piece_behind();
        held_ = {}; // the next ones are judged for themselves
        held_since_.reset();
        counted_since_ = now;
        counted_from_ = ring_.end();
    }
}

void memory_stream::note_held(steady_clock::time_point now, const demand& d, bool is_held) {
    if (is_held && !held_since_) {
        held_since_ = now;
        held_at_ = d.needed_from;
    } else if (!is_held && held_since_) {
        held_ = held_until(now, d);
        held_since_.reset();
    }
}

held_back memory_stream::held_until(steady_clock::time_point now, const demand& d) const {
    held_back h = held_;
    h.held += now - *held_since_;
    h.taken += std::max(d.needed_from, held_at_) - held_at_;
    h.running = now - counted_since_;
    h.read = ring_.end() - counted_from_;
    return h;
}

void memory_stream::leave_first_piece_behind() {
    const auto is_behind = [this](memory_follower* f) REQUIRES(mutex_) {
        if (f->position_ >= ring_.first_piece_end()) {
            return false;
        }
        f->left_behind_ = true;
        owner_.counters().memory_streams_left->Increment();
        return true;
    };
    std::erase_if(followers_, is_behind);
}

void memory_stream::commit(std::size_t n, origin::byte_time each) {
    const mutex_lock lock(mutex_);
    ring_.commit(n);
    each_ = each;
    if (ring_.end() >= about_.bound()) {
        complete_since_ = steady_clock::now();
    }
    wake_followers();
}

void memory_stream::begin_get(std::uint64_t end) {
    const mutex_lock lock(mutex_);
    get_end_ = end;
}

std::uint64_t memory_stream::position() const {
    const mutex_lock lock(mutex_);
    return ring_.end();
}

std::uint64_t memory_stream::wanted_end() const {
    const mutex_lock lock(mutex_);
    std::uint64_t end = 0;
    for (const auto* f : followers_) {
        end = std::max(end, f->end_);
    }
    return end;
}

bool memory_stream::is_followed() const {
    const mutex_lock lock(mutex_);
    return !followers_.empty();
}

bool memory_stream::awaits_followers() {
    const mutex_lock lock(mutex_);
    producer_waits_ = true;
    return !followers_.empty();
}

void memory_stream::end(result<void> outcome) {
    bool remove = false;
    {
        const mutex_lock lock(mutex_);
        // What has come whole is there for others as long as anybody sends it.
        remove = !outcome && !std::exchange(closed_, true);
        outcome_ = std::move(outcome);
        if (followers_.empty()) {
            ring_.clear();
        }
        wake_followers();
    }
    if (remove) {
        owner_.remove(*this);
    }
}

} // namespace sluice::media
