#pragma once

#include <sluice/base/deadline.hpp>
#include <sluice/proxy/exchange.hpp>

namespace sluice::proxy {

/// Looks every few seconds whether a client that nothing was sent to meanwhile has gone, so that nobody works or waits
/// on for it. A client that ends its direction early and waits for the answer (RFC 9112 §9.6 lets it) has that long.
///
/// On the exchange's worker; looks as long as it lives. `on_gone(who)` is called once, and may not destroy it.
class absence_watch {
public:
    absence_watch(exchange& x, void (*on_gone)(void* who), void* who);
    absence_watch(const absence_watch&) = delete;
    absence_watch& operator=(const absence_watch&) = delete;

    [[nodiscard]] bool client_gone() const noexcept { return gone_; }
    /// Looks no more: in a tunnel an ended direction means nothing for the other.
    void stop() { timer_.clear(); }

private:
    void again();
    void look();

    exchange& x_;
    void (*on_gone_)(void*);
    void* who_;
    deadline timer_;
    std::uint64_t sent_{0};
    bool gone_{false};
};

} // namespace sluice::proxy
