// Short answers of ours.
#include <sluice/session/response_head.hpp>
#include <sluice/session/send_response.hpp>

namespace sluice::session {
namespace {

awaitable<void> send(exchange& x, std::string_view head, std::string_view body) {
    x.note_head_sent();
    auto written = co_await x.client.write(head, body);
    if (!written) {
        x.keep_alive = false;
        x.client.close();
    }
}

} // namespace

awaitable<void> send_response(exchange& x, unsigned status, std::string_view body, std::string_view extra_fields) {
    if (status == 204) { // which has no type
        co_await send_response_as(x, status, {}, extra_fields);
        co_return;
    }
    const std::string fields = std::string("Content-Type: text/plain; charset=utf-8\r\n").append(extra_fields);
    co_await send_response_as(x, status, body, fields);
}

awaitable<void> send_response_as(exchange& x, unsigned status, std::string_view body, std::string_view fields) {
    if (x.parser.has_head() && x.parser.has_body() && !x.body_read) {
        x.keep_alive = false; // where the next request would begin is not known
    }
    std::string head;
    begin_head(head, x, status);
    if (status != 204) { // which has no length (RFC 9110 §8.6)
        head += "X-Content-Type-Options: nosniff\r\nContent-Length: ";
        append_number(head, body.size());
        head += "\r\n";
    }
    head += fields;
    end_head(head, x);
    const bool no_body = status == 204 || x.request.method == "HEAD";
    co_await send(x, head, no_body ? std::string_view{} : body);
}

awaitable<void> send_response_head(exchange& x, unsigned status, std::string_view fields) {
    std::string head;
    begin_head(head, x, status);
    head += fields;
    end_head(head, x);
    co_await send(x, head, {});
}

} // namespace sluice::session
