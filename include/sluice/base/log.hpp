#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

/// The structured log: one line an event on standard output (12-factor), written by a thread of its own, so that a slow
/// reader never stops a worker: the queue is bounded in bytes, and what does not fit is dropped and counted.
///
/// Nothing secret may be passed in: paths go without their query, errors without bodies.
namespace sluice::log {

/// How bad an event is.
enum class level : std::uint8_t { debug, info, warn, error };

/// A named value of an event.
struct field {
    std::string_view key;
    std::variant<std::string_view, std::int64_t, double, bool> value;

    field(std::string_view k, std::string_view v)
        : key(k)
        , value(v) {}
    field(std::string_view k, const std::string& v)
        : key(k)
        , value(std::string_view(v)) {}
    field(std::string_view k, const char* v)
        : key(k)
        , value(std::string_view(v)) {}
    field(std::string_view k, bool v)
        : key(k)
        , value(v) {}
    field(std::string_view k, double v)
        : key(k)
        , value(v) {}
    template <class I>
    requires std::integral<I> field(std::string_view k, I v)
        : key(k)
        , value(static_cast<std::int64_t>(v)) {}
};

/// The named values of an event, in the order in which they are written.
using fields = std::initializer_list<field>;

/// Starts the writer's thread. Events below `min_level` are not written. Before the first event, from one thread;
/// without it events go to standard error.
void start(level min_level, bool as_json);
/// Writes nothing from now on: for commands that print what happens themselves.
void silence();
/// Writes out what is queued, for 2 s at most, and ends the writer's thread.
void stop();
/// Lines that were dropped since `start`.
[[nodiscard]] std::uint64_t dropped() noexcept;

/// Whether events of that level are written: for those whose fields are dear to make.
[[nodiscard]] bool enabled(level l) noexcept;

/// Writes an event; `f` and its texts are read before this returns. From any thread; never waits.
void write(level l, std::string_view message, fields f = {});
/// Logs at debug level.
inline void debug(std::string_view message, fields f = {}) {
    if (enabled(level::debug)) {
        write(level::debug, message, f);
    }
}
/// Logs what operators expect.
inline void info(std::string_view message, fields f = {}) {
    write(level::info, message, f);
}
/// Logs what an operator should look at.
inline void warn(std::string_view message, fields f = {}) {
    write(level::warn, message, f);
}
/// Logs what keeps something from working.
inline void error(std::string_view message, fields f = {}) {
    write(level::error, message, f);
}

/// Queues whole lines that are already formatted (the access log); `lines` ends in a line feed.
void write_lines(std::string_view lines);

/// Appends `text` as a quoted JSON string: UTF-8 as it is, control characters and bytes that are no UTF-8 as the escape
/// `\u00XX`. Plain text costs one scan.
void append_json_string(std::string& out, std::string_view text);

/// Appends the current time as RFC 3339 with milliseconds, UTC.
void append_time(std::string& out);

} // namespace sluice::log
