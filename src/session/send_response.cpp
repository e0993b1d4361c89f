#include <sluice/session/response_head.hpp>
#include <sluice/session/send_response.hpp>

namespace sluice::session {
namespace {

awaitable<void> send(exchange& x, std::string_view head, std::string_view body) {
    x.note_head_sent();
    auto written = co_await x.client.write(head, body);
    if (!written) {
        x.note_cut(metrics::cut_by::client);
        x.drop_client();
    }
}

} // namespace

const http::header_list& retry_soon() {
    static const http::header_list fields{{"Retry-After", "1"}};
    return fields;
}

awaitable<void> send_response(exchange& x, unsigned status, std::string_view text, const http::header_list& fields) {
    const std::string_view type = status == 204 ? "" : "text/plain; charset=utf-8";
    return send_response_as(x, status, type, text, fields);
}

awaitable<void> send_response_as(exchange& x, unsigned status, std::string_view content_type, std::string_view body,
                                 const http::header_list& fields) {
    if (x.parser.has_head() && x.parser.has_body() && !x.body_read) {
        x.keep_alive = false; // where the next request would begin is not known
    }
    std::string out;
    response_head head(out, x, status);
    if (status != 204) { // which has no length (RFC 9110 §8.6)
        head.add_constant("X-Content-Type-Options", "nosniff");
        head.add("Content-Length", body.size());
    }
    if (!content_type.empty()) {
        head.add("Content-Type", content_type);
    }
    head.add(fields);
    head.end(x);
    const bool no_body = status == 204 || x.request.method == "HEAD";
    co_await send(x, out, no_body ? std::string_view{} : body);
}

awaitable<void> send_response_head(exchange& x, unsigned status, const http::header_list& fields) {
    std::string out;
    response_head head(out, x, status);
    head.add(fields);
    head.end(x);
    co_await send(x, out, {});
}

} // namespace sluice::session
