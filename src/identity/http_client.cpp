#include <sluice/http/fields.hpp>
#include <sluice/identity/http_client.hpp>
#include <sluice/net/client.hpp>

#include <algorithm>

namespace sluice::identity {
namespace {

constexpr std::size_t max_body = std::size_t{1024} * 1024;
constexpr unsigned max_interim_responses = 8;
/// How many times the timeout a response may take in all, so that a peer that sends byte by byte is given up.
constexpr int max_timeouts = 6;

error invalid_request(const http_request& what, std::string_view why) {
    return {errc::bad_request, error_source::internal, false, what.server.authority() + ": " + std::string(why)};
}

result<void> write_request(const http_request& what, wiped_text& out) {
    const auto visible = [](char c) { return c > 0x20 && c < 0x7f; };
    if (!http::is_token(what.method) || !what.target.starts_with('/') || !std::ranges::all_of(what.target, visible)) {
        return invalid_request(what, "the method or the target of the request is malformed");
    }
    std::size_t size = what.target.size() + what.server.host.size() + what.body.reveal().size() + 256;
    for (const auto& [name, value] : what.fields) {
        size += name.size() + value.reveal().size() + 4;
    }
    out.reserve(size);
    out.text.append(what.method).append(" ").append(what.target).append(" HTTP/1.1\r\nHost: ");
    out.text.append(what.server.authority()).append("\r\nUser-Agent: sluice/" SLUICE_VERSION "\r\nAccept: */*\r\n");
    for (const auto& [name, value] : what.fields) {
        if (!http::append_field(out.text, name, value.reveal())) {
            return invalid_request(what, "the value of the field " + name + " is not a valid field value");
        }
    }
    if ((what.method != "GET" && what.method != "HEAD") || !what.body.empty()) {
        out.text.append("Content-Length: ").append(std::to_string(what.body.reveal().size())).append("\r\n");
    }
    out.text.append("\r\n").append(what.body.reveal());
    return {};
}

/// `e` with its code and the host in its detail, each once.
error with_context(const http_request& what, error e) {
    const auto server = what.server.authority();
    const std::string code(to_string(e.code));
    if (e.detail.starts_with(what.server.host)) { // of `net::open_connection`, which names host and address
        const auto rest = e.detail.substr(what.server.host.size());
        if (rest.starts_with(": ") || rest.starts_with(" (") || rest.starts_with(" through the proxy ")) {
            e.detail = code + ": " + server + rest;
            return e;
        }
    }
    e.detail = server + ": " + code + (e.detail.empty() ? "" : ": " + e.detail);
    return e;
}

awaitable<result<void>> skip_interim(net::client_response& response) {
    for (unsigned i = 0; response.head().status < 200; ++i) {
        if (i == max_interim_responses || response.head().status == 101) {
            co_return error{errc::protocol_error, error_source::origin, true, "no final response"};
        }
        auto next = co_await response.read_head();
        if (!next) {
            co_return next.error();
        }
    }
    co_return result<void>{};
}

awaitable<result<void>> read_whole(net::client_response& response, wiped_text& body, steady_clock::time_point until) {
    for (;;) {
        auto chunk = co_await response.read_body();
        if (!chunk) {
            co_return chunk.error();
        }
        if (chunk->empty()) {
            co_return result<void>{};
        }
        if (body.text.size() + chunk->size() > max_body) {
            co_return error{errc::header_too_large, error_source::origin, true, "the response is larger than 1 MiB"};
        }
        if (steady_clock::now() > until) {
            co_return error{errc::timeout, error_source::origin, true, "the response does not end"};
        }
        body.append(*chunk);
    }
}

} // namespace

std::string_view http_response::field(std::string_view name) const noexcept {
    const auto found = std::ranges::find_if(fields, [&](const auto& f) { return http::same_name(f.first, name); });
    return found == fields.end() ? std::string_view() : std::string_view(found->second);
}

awaitable<result<http_response>> pooled_http_client::send(const http_request& what) {
    wiped_text request;
    const auto written = write_request(what, request);
    if (!written) {
        co_return written.error();
    }
    net::peer to;
    to.tls = what.server.tls;
    to.host = what.server.host;
    to.port = what.server.port;
    to.ca_file = what.ca_file;
    to.connect_timeout = what.timeout;
    to.source = what.source;
    net::send_options options;
    options.response_timeout = what.timeout;
    options.write_timeout = what.timeout;
    options.secret_response = true;
    options.head_request = what.method == "HEAD";
    const auto until = steady_clock::now() + max_timeouts * what.timeout;
    auto response = co_await net::send(pool_, to, request.text, options);
    if (!response) {
        co_return with_context(what, response.error());
    }
    auto final = co_await skip_interim(*response);
    if (!final) {
        co_return with_context(what, final.error());
    }
    http_response r;
    r.status = response->head().status;
    for (const auto& field : response->head().fields.items) {
        r.fields.emplace_back(field.name, field.value); // copied: the body may overwrite what the views point to
    }
    wiped_text body;
    auto read = co_await read_whole(*response, body, until);
    if (!read) {
        co_return with_context(what, read.error());
    }
    response->finish();
    r.body = secret(body.text);
    co_return r;
}

} // namespace sluice::identity
