#pragma once

#include <sluice/base/asio.hpp>

#include <boost/asio/ip/address.hpp>

#include <array>
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace sluice::server {

/// How many connections, or requests, each client has: an IPv4 address, or an IPv6 network of 64 bits, which is what
/// one customer is given (RFC 6177). Clients that have none are not in it. From any thread.
class client_table {
    using key = std::array<std::uint8_t, 9>;

public:
    /// `most`: that one client may have; 0: any number, and nothing is counted.
    explicit client_table(unsigned most)
        : most_(most) {}

    [[nodiscard]] bool limits() const noexcept { return most_ > 0; }

    /// A client's place, given back at its end; the table must outlive it.
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
        /// False: the client has as many as it may.
        [[nodiscard]] explicit operator bool() const noexcept { return table_ != nullptr; }

    private:
        friend class client_table;
        client_table* table_{nullptr};
        key key_{};
    };
    [[nodiscard]] place enter(const asio::ip::address& client);

    /// Clients that have at least one.
    [[nodiscard]] std::size_t size();

private:
    struct hash {
        std::size_t operator()(const key& k) const noexcept;
    };

    const unsigned most_;
    std::mutex mutex_;
    std::unordered_map<key, unsigned, hash> counts_;
};

} // namespace sluice::server
