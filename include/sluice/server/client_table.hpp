#pragma once

#include <sluice/base/asio.hpp>
#include <sluice/base/mutex.hpp>

#include <boost/asio/ip/address.hpp>

#include <array>
#include <cstdint>
#include <unordered_map>
#include <utility>

namespace sluice::server {

/// Counts the connections, or requests, of each client: an IPv4 address, or an IPv6 network of 64 bits, which is what
/// one customer is given (RFC 6177). Clients that have none take no memory. From any thread.
class client_table {
    using key = std::array<std::uint8_t, 9>;

public:
    /// `max_per_client`: 0 for any number; then nothing is counted.
    explicit client_table(unsigned max_per_client)
        : max_(max_per_client) {}

    /// Whether there is a limit: false for `max_per_client` 0.
    [[nodiscard]] bool limits() const noexcept { return max_ > 0; }

    /// One that is counted, until its end; the table must outlive it.
    class [[nodiscard]] place {
    public:
        place() = default;
        place(place&& other) noexcept
            : table_(std::exchange(other.table_, nullptr))
            , key_(other.key_) {}
        place& operator=(place&& other) noexcept {
            std::swap(table_, other.table_);
            std::swap(key_, other.key_);
            return *this;
        }
        ~place();
        /// False: the client has as many as it may have.
        [[nodiscard]] explicit operator bool() const noexcept { return table_ != nullptr; }

    private:
        friend class client_table;
        client_table* table_{nullptr};
        key key_{};
    };
    /// Counts one more of `client`; a false place, and nothing counted, where it has `max_per_client` already.
    [[nodiscard]] place enter(const asio::ip::address& client);

    /// How many clients have at least one.
    [[nodiscard]] std::size_t size();

private:
    struct hash {
        std::size_t operator()(const key& k) const noexcept;
    };

    const unsigned max_;
    mutex mutex_;
    std::unordered_map<key, unsigned, hash> counts_ GUARDED_BY(mutex_);
};

} // namespace sluice::server
