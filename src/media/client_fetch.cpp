#include "client_fetch.hpp"

namespace sluice::media::detail {

origin::fetch_request request_for_client(const media_request& m, std::optional<http::range_spec> range) {
    origin::fetch_request request;
    request.key = m.key;
    request.method = m.head_only ? sign::method::head : sign::method::get;
    request.range = m.head_only ? std::nullopt : range;
    request.give_up = m.give_up;
    origin::replace_unknown_suffix(request, m.store);
    return request;
}

awaitable<result<origin::fetched>> fetch_for_client(net::connection_pool& pool, media_request& m,
                                                    origin::fetch_request request) {
    const session::origin_wait waiting(m.x);
    auto answer = co_await origin::fetch(pool, m.store, request);
    if (!answer && answer.error().code == errc::forbidden && request.method == sign::method::head) {
        request.method = sign::method::get;
        request.range = http::range_spec{http::range_spec::form::bounded, 0, 0, 0};
        answer = co_await origin::fetch(pool, m.store, request);
    }
    if (answer) {
        m.fetched = true;
        m.origin_status = answer.value().head().status;
    }
    co_return answer;
}

representation representation_of(const origin::object_head& h) {
    return {h.size, h.validator, h.content_type, h.last_modified, std::chrono::system_clock::now()};
}

} // namespace sluice::media::detail
