#include <sluice/media/cold_requests.hpp>

#include <algorithm>
#include <utility>

namespace sluice::media {

namespace {

/// Whether what `r` brings is waited for by a reader that begins at `wanted`.
bool brings_in_time(const cold_requests::request& r, std::uint64_t wanted, steady_clock::time_point now,
                    const own_request& own) {
    if (wanted < r.first || wanted > r.last) {
        return false;
    }
    const auto until_first_byte = std::max(r.began + own.first_byte - now, steady_clock::duration::zero());
    return choose_approach({wanted - r.first, until_first_byte, own.each}, 0, own) == approach::join;
}

} // namespace

cold_requests::registration::registration(cold_requests& owner, std::string object, const request& r)
    : owner_(&owner)
    , object_(std::move(object))
    , first_(r.first) {
    const mutex_lock lock(owner_->mutex_);
    owner_->running_[object_].push_back(r);
}

cold_requests::registration::registration(registration&& other) noexcept
    : owner_(std::exchange(other.owner_, nullptr))
    , object_(std::move(other.object_))
    , first_(other.first_) {}

cold_requests::registration::~registration() {
    if (owner_ == nullptr) {
        return;
    }
    const mutex_lock lock(owner_->mutex_);
    const auto found = owner_->running_.find(object_);
    auto& requests = found->second;
    requests.erase(std::ranges::find(requests, first_, &request::first));
    if (requests.empty()) {
        owner_->running_.erase(found);
    }
}

std::optional<std::uint64_t> cold_requests::to_follow(const std::string& object, std::uint64_t wanted,
                                                      steady_clock::time_point now, const own_request& own) {
    const mutex_lock lock(mutex_);
    const auto found = running_.find(object);
    if (found == running_.end()) {
        return std::nullopt;
    }
    const auto& requests = found->second;
    const auto near =
        std::ranges::find_if(requests, [&](const request& r) { return brings_in_time(r, wanted, now, own); });
    if (near != requests.end()) {
        return near->first;
    }
    return requests.size() < max_beside ? std::nullopt : std::optional(requests.back().first);
}

} // namespace sluice::media
