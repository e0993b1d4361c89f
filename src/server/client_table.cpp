#include <sluice/base/assert.hpp>
#include <sluice/base/cidr_block.hpp>
#include <sluice/server/client_table.hpp>

#include <algorithm>
#include <functional>
#include <string_view>

namespace sluice::server {

client_table::place client_table::enter(const asio::ip::address& client) {
    key k{};
    const auto address = unmapped(client);
    if (address.is_v4()) {
        std::ranges::copy(address.to_v4().to_bytes(), k.begin() + 1);
    } else {
        k[0] = 6;
        const auto bytes = address.to_v6().to_bytes();
        std::copy(bytes.begin(), bytes.begin() + 8, k.begin() + 1);
    }
    place p;
    const mutex_lock lock(mutex_);
    auto& n = counts_[k];
    if (n < max_) {
        ++n;
        p.table_ = this;
        p.key_ = k;
    }
    return p;
}

client_table::place::~place() {
    if (table_ == nullptr) {
        return;
    }
    const mutex_lock lock(table_->mutex_);
    const auto it = table_->counts_.find(key_);
    SLUICE_ASSERT(it != table_->counts_.end() && it->second > 0);
    if (--it->second == 0) {
        table_->counts_.erase(it);
    }
}

std::size_t client_table::size() {
    const mutex_lock lock(mutex_);
    return counts_.size();
}

std::size_t client_table::hash::operator()(const key& k) const noexcept {
    return std::hash<std::string_view>()({reinterpret_cast<const char*>(k.data()), k.size()}); // NOLINT
}

} // namespace sluice::server
