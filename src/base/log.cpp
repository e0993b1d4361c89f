#include <sluice/base/log.hpp>

#include <spdlog/async.h>
#include <spdlog/fmt/fmt.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>

namespace sluice::log {

namespace {

/// Lines that wait for the writer's thread; beyond it the oldest are dropped.
constexpr std::size_t queue_length = 8192;

struct state {
    std::shared_ptr<spdlog::details::thread_pool> pool;
    std::shared_ptr<spdlog::logger> logger;
    level least{level::info};
    bool json{true};
    bool silent{false};
};

state& current() {
    static state s;
    return s;
}

std::string_view name(level l) {
    switch (l) {
    case level::debug:
        return "debug";
    case level::info:
        return "info";
    case level::warn:
        return "warn";
    case level::error:
        return "error";
    }
    return "error";
}

void append_value(std::string& line, const field& f) {
    if (const auto* text = std::get_if<std::string_view>(&f.value)) {
        append_json_string(line, *text);
    } else if (const auto* number = std::get_if<std::int64_t>(&f.value)) {
        fmt::format_to(std::back_inserter(line), "{}", *number);
    } else if (const auto* real = std::get_if<double>(&f.value)) {
        if (std::isfinite(*real)) {
            fmt::format_to(std::back_inserter(line), "{}", *real);
        } else {
            line += "null"; // JSON has no word for it (RFC 8259 §6)
        }
    } else {
        line += std::get<bool>(f.value) ? "true" : "false";
    }
}

} // namespace

void start(level least, bool as_json) {
    auto& s = current();
    s.least = least;
    s.json = as_json;
    s.pool = std::make_shared<spdlog::details::thread_pool>(queue_length, 1);
    s.logger = std::make_shared<spdlog::async_logger>("sluice", std::make_shared<spdlog::sinks::stdout_sink_mt>(),
                                                      s.pool, spdlog::async_overflow_policy::overrun_oldest);
    s.logger->set_pattern("%v");
    s.logger->set_level(spdlog::level::trace);
    s.logger->flush_on(spdlog::level::trace);
}

void silence() {
    current().silent = true;
}

void stop() {
    auto& s = current();
    if (s.logger) {
        s.logger->flush();
        s.pool.reset();   // joins the thread once the queue is written
        s.logger.reset(); // after it: queued lines hold the logger too, and the thread is not to be the one to end it
    }
}

bool enabled(level l) noexcept {
    return l >= current().least && !current().silent;
}

void write(level l, std::string_view message, fields f) {
    if (!enabled(l)) {
        return;
    }
    auto& s = current();
    std::string line;
    if (s.json) {
        line = R"({"time":")";
        append_time(line);
        line += R"(","level":")";
        line += name(l);
        line += R"(","message":)";
        append_json_string(line, message);
        for (const auto& each : f) {
            line += ',';
            append_json_string(line, each.key);
            line += ':';
            append_value(line, each);
        }
        line += '}';
    } else {
        append_time(line);
        line += ' ';
        line += name(l);
        line += ' ';
        line += message;
        for (const auto& each : f) {
            line += ' ';
            line += each.key;
            line += '=';
            append_value(line, each);
        }
    }
    if (s.logger) {
        s.logger->info(spdlog::string_view_t(line.data(), line.size()));
    } else {
        fmt::print(stderr, "{}\n", line);
    }
}

void write_lines(std::string_view lines) {
    auto& s = current();
    if (lines.empty() || !s.logger) {
        return;
    }
    lines.remove_suffix(1); // the logger adds its own line end
    s.logger->info(spdlog::string_view_t(lines.data(), lines.size()));
}

void append_json_string(std::string& out, std::string_view text) {
    const bool plain =
        std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; });
    if (plain) {
        out += '"';
        out += text;
        out += '"';
        return;
    }
    // Bytes that are not UTF-8 would make the line no JSON: they are shown as Latin-1 would have them. Control
    // characters, those of C1 and DEL too, which a terminal may obey, as escapes.
    static constexpr std::string_view digits = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\r') {
            out += "\\r";
        } else if (c == '\t') {
            out += "\\t";
        } else if (byte < 0x20 || (byte >= 0x7f && byte < 0xa0)) {
            out += "\\u00";
            out += digits[byte >> 4U];
            out += digits[byte & 15U];
        } else if (byte < 0x80) {
            out += c;
        } else {
            out += static_cast<char>(0xC0U | (byte >> 6U));
            out += static_cast<char>(0x80U | (byte & 0x3FU));
        }
    }
    out += '"';
}

void append_time(std::string& out) {
    const auto now = std::chrono::system_clock::now();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now - seconds).count();
    const auto t = std::chrono::system_clock::to_time_t(seconds);
    std::tm tm{};
    gmtime_r(&t, &tm);
    fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", tm.tm_year + 1900,
                   tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, ms);
}

} // namespace sluice::log
