#include <sluice/net/client.hpp>

#include <utility>

namespace sluice::net {

awaitable<result<sent_request>> write_request(connection_pool& pool, const peer& p, std::string_view bytes,
                                              const send_options& options, acquire_mode mode) {
    for (;; mode = acquire_mode::fresh) {
        auto leased = co_await pool.acquire(p, mode, options.canceler);
        if (!leased) {
            co_return leased.error();
        }
        client_response response(std::move(*leased), options);
        connection& c = response.transport();
        const bool kept = c.uses > 0;
        const auto before = c.sent;
        c.timer().expires_after(options.write_timeout, options.write_setting);
        auto written = co_await c.write(bytes);
        if (!written && written.error().code == errc::timeout) {
            co_return written.error();
        }
        if (!written && kept && c.sent == before && !is_canceled(options.canceler)) {
            continue; // it died while it was idle
        }
        c.timer().expires_after(options.response_timeout, options.response_setting);
        co_return sent_request{std::move(response), written.has_value()};
    }
}

awaitable<result<client_response>> send(connection_pool& pool, const peer& p, std::string_view head_and_body,
                                        send_options options) {
    for (auto mode = acquire_mode::reuse;; mode = acquire_mode::fresh) {
        auto sent = co_await write_request(pool, p, head_and_body, options, mode);
        if (!sent) {
            co_return sent.error();
        }
        client_response response = std::move(sent->response);
        auto head = co_await response.read_head();
        if (head) {
            co_return std::move(response);
        }
        const bool died = head.error().code == errc::connection_lost && response.nothing_received();
        if (!died || response.transport().uses == 0 || !options.replayable || is_canceled(options.canceler)) {
            co_return head.error();
        }
    }
}

} // namespace sluice::net
