#include <sluice/proxy/decisions.hpp>

#include <openssl/rand.h>

#include <array>
#include <stdexcept>

namespace sluice::proxy {

namespace {

sign::hmac_key random_key() {
    std::array<std::uint8_t, 32> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
        throw std::runtime_error("no random bytes");
    }
    sign::hmac_key key(bytes);
    sign::wipe(bytes);
    return key;
}

} // namespace

decisions::decisions(std::size_t capacity)
    : secret_(random_key())
    , capacity_(capacity) {}

std::string decisions::key_of(std::string_view everything) const {
    const auto mac = secret_.mac(everything);
    return {mac.begin(), mac.end()};
}

std::shared_ptr<const grant> decisions::find(const std::string& key, steady_clock::time_point now) {
    const std::lock_guard lock(mutex_);
    const auto it = kept_.find(key);
    return it != kept_.end() && now < it->second.until ? it->second.given : nullptr;
}

void decisions::keep(const std::string& key, std::shared_ptr<const grant> given, steady_clock::time_point until,
                     steady_clock::time_point now, std::uint64_t asked_in_era) {
    const std::lock_guard lock(mutex_);
    if (asked_in_era != era() || deletions_ > 0) {
        return;
    }
    if (kept_.insert_or_assign(key, kept{until, std::move(given)}).second) {
        order_.push_back(key);
    }
    const auto goes = [this, now](const std::string& oldest) {
        return order_.size() > capacity_ || kept_.find(oldest)->second.until <= now;
    };
    while (!order_.empty() && goes(order_.front())) {
        kept_.erase(order_.front());
        order_.pop_front();
    }
}

void decisions::begin_deletion() {
    const std::lock_guard lock(mutex_);
    ++deletions_;
    drop();
}

void decisions::end_deletion() {
    const std::lock_guard lock(mutex_);
    --deletions_;
    drop();
}

void decisions::drop() {
    era_.fetch_add(1, std::memory_order_acq_rel);
    kept_.clear();
    order_.clear();
}

} // namespace sluice::proxy
