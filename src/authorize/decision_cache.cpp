#include <sluice/authorize/decision_cache.hpp>

#include <openssl/rand.h>

#include <cstring>
#include <stdexcept>
#include <vector>

namespace sluice::authorize {

namespace {

/// Freed by one call at most: about a tenth of a millisecond under the lock.
constexpr std::size_t max_freed = 256;

sign::hmac_key random_key() {
    std::array<std::uint8_t, 32> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
        throw std::runtime_error("no random bytes");
    }
    sign::hmac_key key(bytes);
    sign::wipe(bytes);
    return key;
}

/// What glibc's allocator takes for so many bytes: 8 of its own, in steps of 16, 32 at least.
constexpr std::size_t allocated(std::size_t bytes) {
    return std::max<std::size_t>(32, (bytes + 8 + 15) / 16 * 16);
}

/// What a text has on the heap.
std::size_t heap_bytes(const std::string& text) {
    const std::size_t in_place = std::string().capacity();
    return text.capacity() > in_place ? allocated(text.capacity() + 1) : 0;
}

std::size_t heap_bytes(const http::header_list& fields) {
    const auto [text, starts] = fields.heap_blocks();
    return (text > 0 ? allocated(text) : 0) + (starts > 0 ? allocated(starts) : 0);
}

std::size_t heap_bytes(const authorization& a) {
    constexpr std::size_t control_block = 16;
    return allocated(control_block + sizeof(authorization)) + heap_bytes(a.key) + heap_bytes(a.purge_tags) +
           heap_bytes(a.content_type) + heap_bytes(a.filename) + heap_bytes(a.content_disposition) +
           heap_bytes(a.fields);
}

} // namespace

std::size_t decision_cache::key_hash::operator()(const key_type& k) const noexcept {
    std::size_t part = 0;
    std::memcpy(&part, k.data(), sizeof(part));
    return part;
}

decision_cache::decision_cache(std::uint64_t max_bytes)
    : secret_(random_key())
    , max_bytes_(max_bytes) {}

decision_cache::~decision_cache() = default;

decision_cache::key_type decision_cache::key_of(std::string_view text) const {
    const auto mac = secret_.mac(text);
    key_type k{};
    static_assert(sizeof(mac) == sizeof(k));
    std::memcpy(k.data(), mac.data(), k.size());
    return k;
}

std::string decision_cache::caller_tag(std::string_view cookie, std::string_view authorization) const {
    // 14 bytes of the MAC and the "=", which no path begins with, fit into a string without a heap block.
    constexpr std::size_t length = 14;
    std::string both = std::to_string(cookie.size());
    both.append(":").append(cookie).append(authorization);
    const auto mac = key_of(both);
    return std::string("=").append(mac.begin(), mac.begin() + length);
}

std::uint64_t decision_cache::generation_of(const tag_refs& tags) const noexcept {
    std::uint64_t sum = 0;
    for (const auto& each : tags) {
        sum += each != tags_.end() ? each->second.generation : 0;
    }
    return sum;
}

decision_cache::tag_table::iterator decision_cache::acquire(const std::string& name) {
    if (name.empty()) {
        return tags_.end();
    }
    const auto it = tags_.try_emplace(name).first;
    ++it->second.uses;
    return it;
}

void decision_cache::acquire(const tag_refs& tags) noexcept {
    for (const auto& each : tags) {
        if (each != tags_.end()) {
            ++each->second.uses;
        }
    }
}

void decision_cache::release(const tag_refs& tags) noexcept {
    for (const auto& each : tags) {
        if (each != tags_.end() && --each->second.uses == 0) {
            tags_.erase(each);
        }
    }
}

decision_cache::entry_table::node_type decision_cache::extract(entry& e) {
    release(e.tags);
    bytes_.fetch_sub(e.bytes, std::memory_order_relaxed);
    by_expiry_.erase(by_expiry_.iterator_to(e));
    by_age_.erase(by_age_.iterator_to(e));
    return entries_.extract(e.key);
}

std::shared_ptr<const authorization> decision_cache::find(const key_type& k, steady_clock::time_point now) {
    entry_table::node_type freed; // after the lock is released
    const mutex_lock lock(mutex_);
    const auto it = entries_.find(k);
    if (it == entries_.end()) {
        return nullptr;
    }
    if (it->second.expires <= now || generation_of(it->second.tags) != it->second.generation) {
        freed = extract(it->second);
        return nullptr;
    }
    return it->second.allowed;
}

decision_cache::insert_token decision_cache::begin(const decision_tags& tags) {
    const mutex_lock lock(mutex_);
    const tag_refs refs{acquire(tags.subrequest_path), acquire(tags.request_path), acquire(tags.all_resources),
                        acquire(tags.caller)};
    return {*this, refs, generation_of(refs)};
}

decision_cache::insert_token::~insert_token() {
    if (owner_ != nullptr) {
        const mutex_lock lock(owner_->mutex_);
        owner_->release(tags_);
    }
}

void decision_cache::insert(const insert_token& token, const key_type& k, std::shared_ptr<const authorization> allowed,
                            steady_clock::time_point expires, steady_clock::time_point now) {
    // The table's node, its slot in the table's array, and the tags, as if no other entry had them.
    constexpr std::size_t node = allocated(sizeof(entry_table::value_type) + 2 * sizeof(void*)) + 2 * sizeof(void*);
    std::size_t size = node + heap_bytes(*allowed);
    std::vector<entry_table::node_type> freed; // after the lock is released
    const mutex_lock lock(mutex_);
    for (const auto& each : token.tags_) {
        if (each != tags_.end()) {
            size += allocated(sizeof(tag_table::value_type) + 4 * sizeof(void*)) + heap_bytes(each->first);
        }
    }
    if (size > max_entry_bytes || expires <= now) {
        return;
    }
    if (generation_of(token.tags_) != token.generation_) {
        return;
    }
    if (const auto old = entries_.find(k); old != entries_.end()) {
        freed.push_back(extract(old->second));
    }
    entry& e = entries_[k];
    e.key = k;
    e.expires = expires;
    e.allowed = std::move(allowed);
    e.tags = token.tags_;
    e.generation = token.generation_;
    e.bytes = size;
    acquire(e.tags);
    by_expiry_.insert(e);
    by_age_.push_back(e);
    bytes_.fetch_add(size, std::memory_order_relaxed);
    while (bytes() > max_bytes_) {
        const bool expired = by_expiry_.begin()->expires <= now;
        freed.push_back(extract(expired ? *by_expiry_.begin() : by_age_.front()));
    }
}

void decision_cache::invalidate(std::span<const std::string_view> tags) {
    const mutex_lock lock(mutex_);
    for (const auto name : tags) {
        if (const auto it = tags_.find(name); it != tags_.end()) {
            ++it->second.generation;
        }
    }
}

void decision_cache::expire(steady_clock::time_point now) {
    std::vector<entry_table::node_type> freed; // after the lock is released
    freed.reserve(bytes() > 0 ? max_freed : 0);
    const mutex_lock lock(mutex_);
    while (freed.size() < max_freed && !by_expiry_.empty() && by_expiry_.begin()->expires <= now) {
        freed.push_back(extract(*by_expiry_.begin()));
    }
}

} // namespace sluice::authorize
