#include <sluice/base/line_writer.hpp>
#include <sluice/base/log.hpp>
#include <sluice/base/text.hpp>

#include <spdlog/fmt/fmt.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <memory>
#include <utility>

namespace sluice::log {

namespace {

/// Bytes that may be queued for the writer's thread.
constexpr std::size_t max_queued = 8U << 20U;
/// How long `stop` waits for a slow reader of standard output.
constexpr std::chrono::milliseconds stop_timeout{2000};

struct state {
    std::unique_ptr<line_writer> writer;
    level min_level{level::info};
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

/// What stands in a JSON string, and on a terminal, as it is.
constexpr auto plain = [] {
    std::array<bool, 256> table{};
    for (unsigned c = 0x20; c < 0x7f; ++c) {
        table[c] = c != '"' && c != '\\';
    }
    return table;
}();

void append_escape(std::string& out, unsigned char byte) {
    static constexpr std::string_view digits = "0123456789abcdef";
    out += "\\u00";
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
}

/// One byte of a JSON string: an ASCII character, or one that is no UTF-8 and would make the line no JSON. The latter,
/// and control characters, which a terminal may obey, as escapes.
void append_byte(std::string& out, char c) {
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
    } else if (byte < 0x20 || byte >= 0x7f) {
        append_escape(out, byte);
    } else {
        out += c;
    }
}

/// One character of two bytes or more. Terminals obey the control characters of C1 (U+0080 to U+009F) too.
void append_beyond_ascii(std::string& out, std::string_view character) {
    const auto second = static_cast<unsigned char>(character[1]);
    if (character[0] == '\xc2' && second < 0xa0) {
        append_escape(out, second);
    } else {
        out += character;
    }
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

std::string format(level l, std::string_view message, fields f, bool json) {
    std::string line;
    if (json) {
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
        line += "}\n";
        return line;
    }
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
    line += '\n';
    return line;
}

} // namespace

void start(level min_level, bool as_json) {
    auto& s = current();
    s.min_level = min_level;
    s.json = as_json;
    s.writer = std::make_unique<line_writer>(STDOUT_FILENO, max_queued, [as_json](std::uint64_t lines) {
        return format(level::warn, "log lines were dropped: standard output was not read in time", {{"lines", lines}},
                      as_json);
    });
}

void silence() {
    current().silent = true;
}

void stop() {
    if (auto writer = std::exchange(current().writer, nullptr)) {
        writer->finish(stop_timeout);
    }
}

std::uint64_t dropped() noexcept {
    const auto& s = current();
    return s.writer ? s.writer->dropped() : 0;
}

bool enabled(level l) noexcept {
    return l >= current().min_level && !current().silent;
}

void write(level l, std::string_view message, fields f) {
    if (!enabled(l)) {
        return;
    }
    const auto& s = current();
    const auto line = format(l, message, f, s.json);
    if (s.writer) {
        s.writer->write(line);
    } else {
        fmt::print(stderr, "{}", line);
    }
}

void write_lines(std::string_view lines) {
    const auto& s = current();
    if (!lines.empty() && s.writer) {
        s.writer->write(lines);
    }
}

void append_json_string(std::string& out, std::string_view text) {
    if (std::ranges::all_of(text, [](char c) { return plain[static_cast<unsigned char>(c)]; })) {
        out += '"';
        out += text;
        out += '"';
        return;
    }
    out += '"';
    for (std::size_t at = 0; at < text.size();) {
        const auto character = text.substr(at, utf8_length(text.substr(at)));
        if (character.size() > 1) {
            append_beyond_ascii(out, character);
        } else {
            append_byte(out, text[at]);
        }
        at += std::max<std::size_t>(character.size(), 1);
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
