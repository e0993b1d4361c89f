#include <sluice/base/secret.hpp>
#include <sluice/net/client.hpp>
#include <sluice/origin/prove_url.hpp>

#include <algorithm>
#include <string_view>

namespace sluice::origin {

namespace {

using std::chrono::milliseconds;

/// A request from scratch: what else is sent, the signature does not cover.
void write_request(wiped_text& out, const foreign_url& url) {
    out.reserve(url.target.size() + url.authority.size() + 256);
    std::string& text = out.text;
    text += url.m == sign::method::head ? "HEAD " : "GET ";
    text += url.target;
    text += " HTTP/1.1\r\nHost: ";
    text += url.authority;
    text += "\r\nUser-Agent: sluice/" SLUICE_VERSION "\r\nAccept-Encoding: identity\r\n";
    text += url.m == sign::method::head ? "\r\n" : "Range: bytes=0-0\r\n\r\n";
}

/// Reads to the head of the final response.
awaitable<result<net::client_response>> ask(net::connection_pool& pool, const net::peer& where, std::string_view text,
                                            const net::send_options& options) {
    auto answer = co_await net::send(pool, where, text, options);
    while (answer && answer.value().head().status < 200) {
        auto next = co_await answer.value().read_head();
        if (!next) {
            co_return next.error();
        }
    }
    co_return answer;
}

} // namespace

awaitable<bool> is_honored(net::connection_pool& pool, store& s, const foreign_url& url, std::string_view key,
                           steady_clock::time_point give_up) {
    if (!s.admit()) {
        co_return false;
    }
    const auto& settings = s.settings();
    const auto left =
        std::max(std::chrono::duration_cast<milliseconds>(give_up - steady_clock::now()), milliseconds(1));
    net::send_options options;
    options.response_timeout = std::min(left, settings.response_timeout);
    options.head_request = url.m == sign::method::head;
    const net::peer where{url.tls, url.host, url.port, settings.ca_file, std::min(left, settings.connect_timeout)};
    wiped_text request;
    write_request(request, url);
    auto answer = co_await ask(pool, where, request.text, options);
    if (!answer) {
        s.counters().requests->at("error").Increment();
        s.note_failure(key, answer.error());
        co_return false;
    }
    const auto status = answer.value().head().status;
    s.counters().requests->at(std::to_string(status)).Increment();
    if (status < 500) {
        s.note_success();
    }
    if (const auto body = answer.value().try_read_body(); body && answer.value().complete()) {
        answer.value().finish(); // the connection is good for the object itself
    }
    co_return status == 200 || status == 206;
}

} // namespace sluice::origin
