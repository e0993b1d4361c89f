#include <sluice/authorize/decision_cache.hpp>

#include <openssl/rand.h>

#include <cstring>
#include <stdexcept>
#include <vector>

namespace sluice::authorize {

namespace {

/// How many are freed at once at most: about a tenth of a millisecond under the lock.
constexpr std::size_t most_freed = 256;

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

/// Beside the text's own object.
std::size_t held_by(const std::string& text) {
    const std::size_t in_place = std::string().capacity();
    return text.capacity() > in_place ? allocated(text.capacity() + 1) : 0;
}

std::size_t held_by(const http::header_list& fields) {
    const auto [text, starts] = fields.heap_blocks();
    return (text > 0 ? allocated(text) : 0) + (starts > 0 ? allocated(starts) : 0);
}

std::size_t held_by(const authorization& g) {
    constexpr std::size_t control_block = 16;
    return allocated(control_block + sizeof(authorization)) + held_by(g.key) + held_by(g.resolver_id) +
           held_by(g.content_type) + held_by(g.filename) + held_by(g.content_disposition) + held_by(g.fields);
}

} // namespace

std::size_t decision_cache::part_of_key::operator()(const key& k) const noexcept {
    std::size_t part = 0;
    std::memcpy(&part, k.data(), sizeof(part));
    return part;
}

decision_cache::decision_cache(std::uint64_t most_bytes)
    : secret_(random_key())
    , most_bytes_(most_bytes) {}

decision_cache::~decision_cache() = default;

decision_cache::key decision_cache::key_of(std::string_view everything) const {
    const auto mac = secret_.mac(everything);
    key k{};
    static_assert(sizeof(mac) == sizeof(k));
    std::memcpy(k.data(), mac.data(), k.size());
    return k;
}

std::string decision_cache::caller_name(std::string_view cookie, std::string_view authorization) const {
    // 14 bytes of the MAC and the mark fit into a string's own object.
    constexpr std::size_t length = 14;
    std::string both = std::to_string(cookie.size());
    both.append(":").append(cookie).append(authorization);
    const auto mac = key_of(both);
    return std::string("=").append(mac.begin(), mac.begin() + length);
}

std::uint64_t decision_cache::changes_of(const links& about) const noexcept {
    std::uint64_t sum = 0;
    for (const auto& each : about) {
        sum += each != resources_.end() ? each->second.changes : 0;
    }
    return sum;
}

decision_cache::resources::iterator decision_cache::use(const std::string& path) {
    if (path.empty()) {
        return resources_.end();
    }
    const auto it = resources_.try_emplace(path).first;
    ++it->second.users;
    return it;
}

void decision_cache::use(const links& about) noexcept {
    for (const auto& each : about) {
        if (each != resources_.end()) {
            ++each->second.users;
        }
    }
}

void decision_cache::leave(const links& about) noexcept {
    for (const auto& each : about) {
        if (each != resources_.end() && --each->second.users == 0) {
            resources_.erase(each);
        }
    }
}

decision_cache::table::node_type decision_cache::take_out(kept& k) {
    leave(k.about);
    bytes_.fetch_sub(k.bytes, std::memory_order_relaxed);
    by_end_.erase(by_end_.iterator_to(k));
    by_age_.erase(by_age_.iterator_to(k));
    return kept_.extract(k.name);
}

std::shared_ptr<const authorization> decision_cache::find(const key& k, steady_clock::time_point now) {
    table::node_type gone; // freed behind the lock
    const std::lock_guard lock(mutex_);
    const auto it = kept_.find(k);
    if (it == kept_.end()) {
        return nullptr;
    }
    if (it->second.until <= now || changes_of(it->second.about) != it->second.seen) {
        gone = take_out(it->second);
        return nullptr;
    }
    return it->second.given;
}

decision_cache::question decision_cache::ask(const subject& about) {
    const std::lock_guard lock(mutex_);
    const links used{use(about.asked), use(about.media), use(about.all), use(about.caller)};
    return {*this, used, changes_of(used)};
}

decision_cache::question::~question() {
    if (owner_ != nullptr) {
        const std::lock_guard lock(owner_->mutex_);
        owner_->leave(about_);
    }
}

void decision_cache::keep(const question& q, const key& k, std::shared_ptr<const authorization> given,
                          steady_clock::time_point until, steady_clock::time_point now) {
    // The table's node, its place in the table's array, and what it is about, as if nobody else asked about that.
    constexpr std::size_t node = allocated(sizeof(table::value_type) + 2 * sizeof(void*)) + 2 * sizeof(void*);
    std::size_t size = node + held_by(*given);
    for (const auto& each : q.about_) {
        if (each != resources_.end()) {
            size += allocated(sizeof(resources::value_type) + 4 * sizeof(void*)) + held_by(each->first);
        }
    }
    if (size > largest || until <= now) {
        return;
    }
    std::vector<table::node_type> gone; // freed behind the lock
    const std::lock_guard lock(mutex_);
    if (changes_of(q.about_) != q.seen_) {
        return;
    }
    if (const auto old = kept_.find(k); old != kept_.end()) {
        gone.push_back(take_out(old->second));
    }
    kept& fresh = kept_[k];
    fresh.name = k;
    fresh.until = until;
    fresh.given = std::move(given);
    fresh.about = q.about_;
    fresh.seen = q.seen_;
    fresh.bytes = size;
    use(fresh.about);
    by_end_.insert(fresh);
    by_age_.push_back(fresh);
    bytes_.fetch_add(size, std::memory_order_relaxed);
    while (bytes() > most_bytes_) {
        const bool over = by_end_.begin()->until <= now;
        gone.push_back(take_out(over ? *by_end_.begin() : by_age_.front()));
    }
}

void decision_cache::changed(std::span<const std::string_view> paths) {
    const std::lock_guard lock(mutex_);
    for (const auto path : paths) {
        if (const auto it = resources_.find(path); it != resources_.end()) {
            ++it->second.changes;
        }
    }
}

void decision_cache::expire(steady_clock::time_point now) {
    std::vector<table::node_type> gone; // freed behind the lock
    gone.reserve(bytes() > 0 ? most_freed : 0);
    const std::lock_guard lock(mutex_);
    while (gone.size() < most_freed && !by_end_.empty() && by_end_.begin()->until <= now) {
        gone.push_back(take_out(*by_end_.begin()));
    }
}

} // namespace sluice::authorize
