#include <sluice/session/client_connection.hpp>

#include <utility>

namespace sluice::session {

error client_gone() {
    return {errc::connection_lost, error_source::client, false, "client gone"};
}

client_connection::client_connection(worker& w, std::string remote_address, std::chrono::milliseconds send_timeout)
    : deadline_(
          w.deadlines, [](void* client) { static_cast<client_connection*>(client)->close(); }, this)
    , send_timeout_(send_timeout)
    , remote_address_(std::move(remote_address)) {}

error client_connection::lost(std::string_view detail) const {
    if (deadline_.expired()) {
        return {errc::timeout, error_source::client, false, deadline_.text()};
    }
    return {errc::connection_lost, error_source::client, false, std::string(detail)};
}

error client_connection::read_failed(std::string_view detail) const {
    return too_slow_ ? error{errc::timeout, error_source::client, false, "too slow"} : lost(detail);
}

void client_connection::refresh_timer() {
    if (writing_) {
        deadline_.expires_after(send_timeout_, "limits.send_timeout");
    } else if (reading_) {
        deadline_.expires_after(body_timeout_, "limits.idle_timeout");
    } else {
        deadline_.clear();
    }
}

} // namespace sluice::session
