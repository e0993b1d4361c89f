#include <sluice/media/slow_reader_guard.hpp>

namespace sluice::media {

namespace {

constexpr std::chrono::seconds period{1};

} // namespace

void slow_reader_guard::before_wait() {
    if (slow_) {
        let_go();
    }
    if (!timer_) {
        timer_.emplace(
            x_.worker.self.deadlines, [](void* r) { static_cast<slow_reader_guard*>(r)->look(); }, this);
        look();
    }
}

void slow_reader_guard::look() {
    const bool was_slow = slow_;
    slow_ = rate_.sample(x_.client.is_writing(), x_.client.bytes_taken(), x_.worker.self.deadlines.now());
    timer_->expires_after(period);
    if (!slow_) {
        return;
    }
    if (!was_slow) {
        x_.worker.counters.slow_readers->Increment();
    }
    let_go();
}

void slow_reader_guard::let_go() {
    if (!paused_) {
        paused_ = true;
        reader_.suspend();
    }
}

} // namespace sluice::media
