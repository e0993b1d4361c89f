#include <sluice/server/client_table.hpp>

#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>

#include <algorithm>
#include <functional>
#include <string_view>

namespace sluice::server {

client_table::place client_table::enter(const asio::ip::address& client) {
    key k{};
    if (client.is_v4()) {
        std::ranges::copy(client.to_v4().to_bytes(), k.begin() + 1);
    } else if (client.to_v6().is_v4_mapped()) {
        std::ranges::copy(asio::ip::make_address_v4(asio::ip::v4_mapped, client.to_v6()).to_bytes(), k.begin() + 1);
    } else {
        k[0] = 6;
        const auto bytes = client.to_v6().to_bytes();
        std::copy(bytes.begin(), bytes.begin() + 8, k.begin() + 1);
    }
    place p;
    const std::lock_guard lock(mutex_);
    auto& n = counts_[k];
    if (n < most_) {
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
    const std::lock_guard lock(table_->mutex_);
    const auto it = table_->counts_.find(key_);
    if (--it->second == 0) {
        table_->counts_.erase(it);
    }
}

std::size_t client_table::size() {
    const std::lock_guard lock(mutex_);
    return counts_.size();
}

std::size_t client_table::hash::operator()(const key& k) const noexcept {
    return std::hash<std::string_view>()({reinterpret_cast<const char*>(k.data()), k.size()}); // NOLINT
}

} // namespace sluice::server
