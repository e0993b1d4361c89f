#include <sluice/base/assert.hpp>
#include <sluice/media/memory_ring.hpp>

#include <algorithm>
#include <utility>

namespace sluice::media {

std::optional<memory_ring> memory_ring::make(cache::budget& memory, std::uint64_t begin, std::uint64_t bound) {
    SLUICE_ASSERT(begin < bound);
    const std::uint64_t least = std::min(min_ring, bound - begin);
    if (!memory.try_charge(least)) {
        return std::nullopt;
    }
    return memory_ring(memory, begin, bound, least);
}

memory_ring::memory_ring(memory_ring&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr))
    , begin_(other.begin_)
    , end_(other.end_)
    , bound_(other.bound_)
    , charged_(other.charged_)
    , pieces_(std::move(other.pieces_)) {}

memory_ring::~memory_ring() {
    if (memory_ != nullptr) {
        pieces_.clear();
        memory_->release(charged_);
    }
}

bool memory_ring::try_grow() {
    if (size() >= charged_) {
        const bool leaves_room = memory_->used() + memory_piece <= memory_->limit() / 4 * 3;
        if (!leaves_room || !memory_->try_charge(memory_piece)) {
            return false;
        }
        charged_ += memory_piece;
    }
    pieces_.push_back(make_piece());
    return true;
}

std::shared_ptr<memory_ring::piece> memory_ring::make_piece() const {
    const std::uint64_t left = bound_ - (begin_ + size());
    return std::make_shared_for_overwrite<piece>(static_cast<std::size_t>(std::min<std::uint64_t>(memory_piece, left)));
}

std::shared_ptr<memory_ring::piece> memory_ring::take_first() noexcept {
    auto first = std::move(pieces_.front());
    pieces_.pop_front();
    begin_ += memory_piece;
    return first;
}

std::span<char> memory_ring::room(std::uint64_t capacity, std::uint64_t needed_from) {
    const auto is_passed = [&] { return !pieces_.empty() && first_piece_end() <= std::min(end_, needed_from); };
    while (size() > std::max(capacity, min_ring) && is_passed()) {
        take_first();
        if (charged_ > std::max(size(), min_ring)) {
            charged_ -= memory_piece;
            memory_->release(memory_piece);
        }
    }
    if (left() == 0 && (size() >= std::max(capacity, min_ring) || !try_grow())) {
        if (!is_passed()) {
            return {};
        }
        auto first = take_first();
        if (first.use_count() > 1) { // it is still being sent
            first = make_piece();
        }
        pieces_.push_back(std::move(first));
    }
    const std::uint64_t used = end_ - (begin_ + size() - memory_piece);
    return {pieces_.back().get() + used, left()};
}

void memory_ring::commit(std::size_t n) noexcept {
    SLUICE_ASSERT(n <= left());
    end_ += n;
}

void memory_ring::clear() noexcept {
    pieces_.clear();
    begin_ = end_;
    memory_->release(std::exchange(charged_, 0));
}

memory_ring::view memory_ring::at(std::uint64_t position) const noexcept {
    SLUICE_ASSERT(begin_ <= position && position < end_);
    const auto& found = pieces_[static_cast<std::size_t>((position - begin_) / memory_piece)];
    const auto from = static_cast<std::size_t>((position - begin_) % memory_piece);
    const auto bytes = std::min<std::uint64_t>(memory_piece - from, end_ - position);
    return {found, std::string_view(found.get() + from, static_cast<std::size_t>(bytes))};
}

} // namespace sluice::media
