#include <sluice/base/log.hpp>
#include <sluice/base/text.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/server/access_log.hpp>
#include <sluice/session/exchange.hpp>
#include <sluice/session/forwarded.hpp>

#include <array>
#include <charconv>
#include <chrono>

namespace sluice::server {

namespace {

/// Lines beyond this are passed on before the tick.
constexpr std::size_t max_collected = 64 * 1024;

// What clients send is cut to this many bytes: a head may be 64 KiB, and more than this tells nothing.
constexpr std::size_t max_range = 256;
constexpr std::size_t max_user_agent = 512;
constexpr std::size_t max_request_id = 128;

/// What is logged of a request's fields: the first of each name. "" where there is none.
struct logged_fields {
    std::string_view range;
    std::string_view user_agent;
    std::string_view request_id;
};

logged_fields fields_to_log(const http::field_list& fields) {
    logged_fields found;
    const auto take = [](std::string_view& to, const http::field_view& from, std::string_view name) {
        if (to.empty() && http::same_name(from.name, name)) {
            to = from.value;
        }
    };
    for (const auto& field : fields.items) {
        take(found.range, field, "range");
        take(found.user_agent, field, "user-agent");
        take(found.request_id, field, "x-request-id");
    }
    return found;
}

/// Three digits of a number below 1000.
void append_padded(std::string& out, std::uint64_t n) {
    out += static_cast<char>('0' + n / 100);
    out += static_cast<char>('0' + n / 10 % 10);
    out += static_cast<char>('0' + n % 10);
}

void append_member(std::string& out, std::string_view name, std::uint64_t n) {
    out += name;
    append_number(out, n);
}

/// Nothing where `text` is empty.
void append_text(std::string& out, std::string_view name, std::string_view text, std::size_t max) {
    if (!text.empty()) {
        out += name;
        log::append_json_string(out, utf8_prefix(text, max));
    }
}

/// Who the request comes from, and where a trusted proxy stands between, which one. Nothing is allocated.
void append_client(std::string& out, const session::exchange& x) {
    const auto& trusted = x.worker.settings->trusted_proxies;
    const std::string& peer = x.client.remote_address();
    if (session::is_trusted(trusted, peer)) {
        if (const auto client = session::forwarded_client(x.request.fields, trusted)) {
            out += '"';
            session::append_address(out, *client);
            out += R"(","peer":)";
        }
    }
    log::append_json_string(out, peer);
}

/// Milliseconds with three places, by integers: a double's shortest form costs a thousand instructions.
void append_ms(std::string& out, std::string_view name, steady_clock::duration d) {
    const auto us = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(d).count());
    append_member(out, name, us / 1000);
    out += '.';
    append_padded(out, us % 1000);
}

} // namespace

access_log::access_log(bool enabled)
    : enabled_(enabled) {}

void access_log::record(const session::exchange& x) {
    if (!enabled_) {
        return;
    }
    const auto now = std::chrono::system_clock::now();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
    if (seconds.time_since_epoch().count() != second_number_) {
        second_number_ = seconds.time_since_epoch().count();
        second_.clear();
        log::append_time(second_);
        second_.resize(second_.size() - 5); // without ".mmmZ"
    }
    const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(now - seconds).count();
    const auto end = steady_clock::now();
    lines_ += R"({"time":")";
    lines_ += second_;
    lines_ += '.';
    append_padded(lines_, static_cast<std::uint64_t>(millis));
    lines_ += R"(Z","level":"info","message":"access","client":)";
    append_client(lines_, x);
    lines_ += R"(,"method":)";
    log::append_json_string(lines_, x.request.method);
    lines_ += R"(,"path":)";
    log::append_json_string(lines_, http::path_without_query(x.request.target));
    const auto fields = fields_to_log(x.request.fields);
    append_text(lines_, R"(,"range":)", fields.range, max_range);
    append_member(lines_, R"(,"status":)", x.status);
    lines_ += R"(,"route":")";
    lines_ += x.route != nullptr ? std::string_view(x.route->name) : std::string_view();
    lines_ += R"(","result":")";
    lines_ += to_string(x.outcome);
    append_member(lines_, R"(","bytes_cache":)", x.bytes.cache);
    append_member(lines_, R"(,"bytes_origin":)", x.bytes.origin);
    append_member(lines_, R"(,"bytes_app":)", x.bytes.app);
    append_ms(lines_, R"(,"duration_ms":)", end - x.started);
    if (x.first_byte) {
        append_ms(lines_, R"(,"first_byte_ms":)", *x.first_byte - x.started);
    }
    if (x.authorize_time.count() > 0) {
        append_ms(lines_, R"(,"authorize_ms":)", x.authorize_time);
    }
    if (x.origin_time.count() > 0) {
        append_ms(lines_, R"(,"origin_ms":)", x.origin_time);
    }
    if (x.cut) {
        lines_ += R"(,"complete":false,"cut_by":")";
        lines_ += to_string(*x.cut);
        lines_ += '"';
    }
    if (!x.detail.empty()) {
        lines_ += R"(,"detail":)";
        log::append_json_string(lines_, x.detail);
    }
    append_text(lines_, R"(,"user_agent":)", fields.user_agent, max_user_agent);
    append_text(lines_, R"(,"request_id":)", fields.request_id, max_request_id);
    lines_ += "}\n";
    if (lines_.size() >= max_collected) {
        flush();
    }
}

void access_log::flush() {
    if (!lines_.empty()) {
        log::write_lines(lines_);
        lines_.clear();
    }
}

} // namespace sluice::server
