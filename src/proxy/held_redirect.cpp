#include "held_redirect.hpp"

#include <sluice/base/text.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/relay/app_fields.hpp>
#include <sluice/session/response_head.hpp>

#include <charconv>

namespace sluice::proxy {

namespace {

void append_head(std::string& out, session::exchange& x, const held_redirect& held, const http::header_list& added) {
    session::response_head head(out, held.status, held.reason);
    head.add(held.fields);
    if (!held.fields.contains("Date")) {
        head.add_date(x);
    }
    head.add(added);
    if (x.request.method != "HEAD") {
        head.add("Content-Length", held.content.text.size());
    } else if (held.announced) {
        head.add("Content-Length", *held.announced);
    }
    head.end(x);
}

/// A Content-Length that was checked when the head was read.
std::optional<std::uint64_t> announced_length(const http::field_list& fields) {
    const auto text = fields.value("Content-Length");
    std::uint64_t length = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), length);
    const bool whole = !text.empty() && read.ec == std::errc{} && read.ptr == text.data() + text.size();
    return whole ? std::optional(length) : std::nullopt;
}

} // namespace

held_redirect hold(const http::response_head& head, std::span<const std::string> hidden) {
    held_redirect held{head.status, std::string(head.reason)};
    relay::each_passed_field(head, hidden, [&held](const http::field_view& f) { held.fields.add(f.name, f.value); });
    held.announced = announced_length(head.fields);
    return held;
}

awaitable<void> send_held(session::exchange& x, const held_redirect& held, const http::header_list& added) {
    std::string out;
    append_head(out, x, held, added);
    x.status = held.status;
    x.note_head_sent();
    const auto written = co_await x.client.write(out, held.content.text);
    if (!written) {
        x.note_cut(metrics::cut_by::client);
        x.drop_client();
        co_return;
    }
    x.bytes.app += held.content.text.size();
}

} // namespace sluice::proxy
