#include <sluice/base/log.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/server/access_log.hpp>

#include <spdlog/fmt/fmt.h>

#include <chrono>
#include <iterator>

namespace sluice::server {

namespace {

/// Lines are handed on early beyond this.
constexpr std::size_t full = 64 * 1024;

double ms(steady_clock::duration d) {
    return std::chrono::duration<double, std::milli>(d).count();
}

} // namespace

access_log::access_log(bool enabled)
    : enabled_(enabled) {}

void access_log::record(const proxy::exchange& x) {
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
    auto out = std::back_inserter(lines_);
    fmt::format_to(out, R"({{"time":"{}.{:03}Z","level":"info","message":"access","client":)", second_, millis);
    log::append_json_string(lines_, x.client.remote_address());
    lines_ += R"(,"method":)";
    log::append_json_string(lines_, x.request.method);
    lines_ += R"(,"path":)";
    log::append_json_string(lines_, http::path_without_query(x.request.target));
    fmt::format_to(out,
                   R"(,"status":{},"route":"{}","result":"{}","bytes_cache":{},"bytes_origin":{},"bytes_app":{},)"
                   R"("duration_ms":{:.3f})",
                   x.status, x.route != nullptr ? x.route->name : "", to_string(x.outcome), x.bytes.cache,
                   x.bytes.origin, x.bytes.app, ms(end - x.started));
    if (x.first_byte) {
        fmt::format_to(out, R"(,"first_byte_ms":{:.3f})", ms(*x.first_byte - x.started));
    }
    if (!x.detail.empty()) {
        lines_ += R"(,"detail":)";
        log::append_json_string(lines_, x.detail);
    }
    lines_ += "}\n";
    if (lines_.size() >= full) {
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
