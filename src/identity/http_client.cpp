#include <sluice/http/fields.hpp>
#include <sluice/identity/http_client.hpp>
#include <sluice/net/client.hpp>

#include <algorithm>

namespace sluice::identity {
namespace {

constexpr std::size_t most_of_body = std::size_t{1024} * 1024;
constexpr unsigned most_interim_heads = 8;
/// How often `call::timeout` may pass in all: a peer that drips is given up at last.
constexpr int patience = 6;

error unfit(const call& what, std::string_view why) {
    return {errc::bad_request, error_source::internal, false, what.place.authority() + ": " + std::string(why)};
}

/// The request as it is sent.
result<void> write_request(const call& what, wiped_text& out) {
    const auto visible = [](char c) { return c > 0x20 && c < 0x7f; };
    if (!http::is_token(what.method) || !what.target.starts_with('/') || !std::ranges::all_of(what.target, visible)) {
        return unfit(what, "the request cannot be written");
    }
    std::size_t size = what.target.size() + what.place.host.size() + what.body.reveal().size() + 256;
    for (const auto& [name, value] : what.fields) {
        size += name.size() + value.reveal().size() + 4;
    }
    out.reserve(size);
    out.text.append(what.method).append(" ").append(what.target).append(" HTTP/1.1\r\nHost: ");
    out.text.append(what.place.authority()).append("\r\nUser-Agent: sluice/" SLUICE_VERSION "\r\nAccept: */*\r\n");
    for (const auto& [name, value] : what.fields) {
        if (!http::append_field(out.text, name, value.reveal())) {
            return unfit(what, "the field " + name + " holds what no field may hold");
        }
    }
    if (what.method != "GET" || !what.body.empty()) {
        out.text.append("Content-Length: ").append(std::to_string(what.body.reveal().size())).append("\r\n");
    }
    out.text.append("\r\n").append(what.body.reveal());
    return {};
}

/// The error of a call, with its code and the host in its detail, each once.
error about(const call& what, error e) {
    const auto place = what.place.authority();
    const std::string code(to_string(e.code));
    if (e.detail.starts_with(what.place.host)) { // of `net::open_connection`, which names host and address
        const auto rest = e.detail.substr(what.place.host.size());
        if (rest.starts_with(": ") || rest.starts_with(" (") || rest.starts_with(" through the proxy ")) {
            e.detail = code + ": " + place + rest;
            return e;
        }
    }
    e.detail = place + ": " + code + (e.detail.empty() ? "" : ": " + e.detail);
    return e;
}

awaitable<result<void>> skip_interim(net::client_response& answer) {
    for (unsigned i = 0; answer.head().status < 200; ++i) {
        if (i == most_interim_heads || answer.head().status == 101) {
            co_return error{errc::protocol_error, error_source::origin, true, "no final answer"};
        }
        auto next = co_await answer.read_head();
        if (!next) {
            co_return next.error();
        }
    }
    co_return result<void>{};
}

awaitable<result<void>> read_whole(net::client_response& answer, wiped_text& body, steady_clock::time_point until) {
    for (;;) {
        auto piece = co_await answer.read_body();
        if (!piece) {
            co_return piece.error();
        }
        if (piece->empty()) {
            co_return result<void>{};
        }
        if (body.text.size() + piece->size() > most_of_body) {
            co_return error{errc::header_too_large, error_source::origin, true, "an answer of more than 1 MiB"};
        }
        if (steady_clock::now() > until) {
            co_return error{errc::timeout, error_source::origin, true, "the answer does not end"};
        }
        body.append(*piece);
    }
}

} // namespace

std::string_view reply::field(std::string_view name) const noexcept {
    const auto found = std::ranges::find_if(fields, [&](const auto& f) { return http::same_name(f.first, name); });
    return found == fields.end() ? std::string_view() : std::string_view(found->second);
}

awaitable<result<reply>> http_caller::send(const call& what) {
    wiped_text request;
    const auto written = write_request(what, request);
    if (!written) {
        co_return written.error();
    }
    net::peer to;
    to.tls = what.place.tls;
    to.host = what.place.host;
    to.port = what.place.port;
    to.ca_file = what.ca_file;
    to.connect_timeout = what.timeout;
    to.source = what.source;
    net::send_options options;
    options.response_timeout = what.timeout;
    options.write_timeout = what.timeout;
    options.secret_answer = true;
    const auto until = steady_clock::now() + patience * what.timeout;
    auto answer = co_await net::send(pool_, to, request.text, options);
    if (!answer) {
        co_return about(what, answer.error());
    }
    auto final = co_await skip_interim(*answer);
    if (!final) {
        co_return about(what, final.error());
    }
    reply r;
    r.status = answer->head().status;
    for (const auto& field : answer->head().fields.items) {
        r.fields.emplace_back(field.name, field.value); // views: the body's pieces may overwrite them
    }
    wiped_text body;
    auto read = co_await read_whole(*answer, body, until);
    if (!read) {
        co_return about(what, read.error());
    }
    answer->finish();
    r.body = secret(body.text);
    co_return r;
}

} // namespace sluice::identity
