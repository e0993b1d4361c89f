#include <sluice/base/assert.hpp>
#include <sluice/session/read_buffer.hpp>

#include <algorithm>
#include <cstring>

namespace sluice::session {
namespace {

/// What most requests need; an idle connection holds no more.
constexpr std::size_t initial_size = 4 * 1024;
/// A buffer larger than this is given up between two messages.
constexpr std::size_t max_idle_size = 16 * 1024;

} // namespace

void read_buffer::consume(std::size_t n) noexcept {
    begin_ += std::min(n, end_ - begin_);
}

void read_buffer::move_to_front() noexcept {
    SLUICE_ASSERT(begin_ <= end_ && end_ <= bytes_.size()); // no more was committed than there was room for
    if (begin_ > 0) {
        std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
}

bool read_buffer::join() {
    if (put_back_.empty()) {
        return false;
    }
    move_to_front();
    if (bytes_.size() - end_ < put_back_.size()) {
        bytes_.resize(end_ + put_back_.size());
    }
    std::memcpy(bytes_.data() + end_, put_back_.data(), put_back_.size());
    end_ += put_back_.size();
    put_back_.clear();
    put_back_.shrink_to_fit();
    return true;
}

result<std::span<char>> read_buffer::reserve(std::size_t limit) {
    move_to_front();
    if (end_ >= limit) {
        return error{errc::header_too_large, error_source::client, false, "header too large"};
    }
    if (end_ == bytes_.size()) {
        bytes_.resize(std::min(std::max(initial_size, bytes_.size() * 2), std::max(limit, initial_size)));
    }
    return std::span<char>(bytes_).subspan(end_);
}

void read_buffer::compact() {
    if (begin_ == end_ && put_back_.empty()) {
        begin_ = end_ = 0;
        if (bytes_.size() > max_idle_size) {
            bytes_ = std::vector<char>(initial_size);
        }
    } else {
        join();
    }
}

} // namespace sluice::session
