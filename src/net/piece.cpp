#include <sluice/net/piece.hpp>

#include <utility>
#include <vector>

namespace sluice::net {
namespace {

constexpr std::size_t kept_pieces = 16;

std::vector<std::unique_ptr<char[]>>& kept() {
    thread_local std::vector<std::unique_ptr<char[]>> pieces = [] {
        std::vector<std::unique_ptr<char[]>> v;
        v.reserve(kept_pieces); // so that giving one back cannot throw
        return v;
    }();
    return pieces;
}

} // namespace

piece& piece::operator=(piece&& other) noexcept {
    if (this != &other) {
        release();
        bytes_ = std::move(other.bytes_);
    }
    return *this;
}

void piece::allocate() {
    if (bytes_) {
        return;
    }
    auto& spare = kept();
    if (spare.empty()) {
        bytes_ = std::make_unique_for_overwrite<char[]>(size);
    } else {
        bytes_ = std::move(spare.back());
        spare.pop_back();
    }
}

void piece::release() noexcept {
    if (bytes_) {
        auto& spare = kept();
        if (spare.size() < kept_pieces) {
            spare.push_back(std::move(bytes_));
        }
        bytes_.reset();
    }
}

} // namespace sluice::net
