#include <sluice/base/assert.hpp>
#include <sluice/sign/url_cache.hpp>

#include <algorithm>
#include <utility>

namespace sluice::sign {

std::chrono::system_clock::duration reuse_margin(std::chrono::system_clock::duration life) noexcept {
    using duration = std::chrono::system_clock::duration;
    const duration tenth = std::clamp<duration>(life / 10, std::chrono::seconds(10), std::chrono::seconds(60));
    return std::max(duration::zero(), std::min(tenth, life / 2));
}

url_cache::url_cache(std::size_t capacity)
    : capacity_(capacity) {}

std::shared_ptr<const signed_request> url_cache::find(std::string_view key, method m, time_point now,
                                                      const snapshot& credentials) {
    const mutex_lock lock(mutex_);
    if (credentials_ != credentials) {
        clear();
        credentials_ = credentials;
        return nullptr;
    }
    const auto found = index_of(m).find(key);
    if (found == index_of(m).end()) {
        return nullptr;
    }
    const order::iterator it = found->second;
    if (now < it->from || now >= it->until) {
        return nullptr; // stays for `find_old`, until another replaces it
    }
    entries_.splice(entries_.begin(), entries_, it);
    return it->request;
}

std::shared_ptr<const signed_request> url_cache::find_old(std::string_view key, method m, time_point now,
                                                          time_point::duration left) {
    const mutex_lock lock(mutex_);
    const auto found = index_of(m).find(key);
    if (found == index_of(m).end()) {
        return nullptr;
    }
    const entry& cached = *found->second;
    return now >= cached.from && cached.request->expires - now >= left ? cached.request : nullptr;
}

void url_cache::put(std::string_view key, method m, time_point now, const snapshot& credentials,
                    std::shared_ptr<const signed_request> request) {
    const time_point until = request->expires - reuse_margin(request->expires - now);
    if (capacity_ == 0 || until <= now) {
        return;
    }
    order fresh; // allocated before the lock is taken
    fresh.push_back({std::string(key), m, now, until, std::move(request)});

    const mutex_lock lock(mutex_);
    if (credentials_ != credentials) {
        return;
    }
    if (const auto old = index_of(m).find(key); old != index_of(m).end()) {
        drop(old->second);
    }
    entries_.splice(entries_.begin(), fresh);
    index_of(m).emplace(entries_.front().key, entries_.begin());
    if (entries_.size() > capacity_) {
        drop(std::prev(entries_.end()));
    }
    SLUICE_ASSERT(entries_.size() <= capacity_);
    SLUICE_ASSERT(entries_.size() == indexes_[0].size() + indexes_[1].size());
}

void url_cache::erase(std::string_view key, method m) {
    const mutex_lock lock(mutex_);
    if (const auto found = index_of(m).find(key); found != index_of(m).end()) {
        drop(found->second);
    }
}

std::size_t url_cache::size() const {
    const mutex_lock lock(mutex_);
    return entries_.size();
}

void url_cache::drop(order::iterator it) {
    index_of(it->m).erase(it->key);
    entries_.erase(it);
}

void url_cache::clear() {
    for (index& of_method : indexes_) {
        of_method.clear();
    }
    entries_.clear();
}

} // namespace sluice::sign
