#include <sluice/proxy/absence_watch.hpp>

namespace sluice::proxy {

namespace {

constexpr std::chrono::seconds period{5};

} // namespace

absence_watch::absence_watch(exchange& x, void (*on_gone)(void*), void* who)
    : x_(x)
    , on_gone_(on_gone)
    , who_(who)
    , timer_(
          x.services.self.deadlines, [](void* w) { static_cast<absence_watch*>(w)->look(); }, this) {
    again();
}

void absence_watch::again() {
    sent_ = x_.client.bytes_sent();
    timer_.expires_after(period);
}

void absence_watch::look() {
    if (x_.body_read && sent_ == x_.client.bytes_sent() && x_.client.peer_closed()) {
        gone_ = true;
        timer_.clear();
        on_gone_(who_);
    } else {
        again();
    }
}

} // namespace sluice::proxy
