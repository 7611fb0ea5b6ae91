#pragma once

#include <concepts>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

// One line an event, key=value, to standard error:
//   ts=2026-01-31T12:00:00.000Z level=info event=session_created session_id=Ab3… lifetime=60
// A thread of its own writes them, so that a log that nobody reads holds up nobody: what finds no room in 256
// KiB is dropped, and event=log_lines_dropped says how many lines that were. Levels by consequence: error is
// our fault, warning a peer's or the operator's, info the golden path.
namespace nullworker::log {

enum class level { debug, info, warning, error, off };

// A number as fields show it: six digits at most.
[[nodiscard]] std::string to_text(double value);

// One key=value pair. A value with blanks, quotes or equals signs is quoted, and so is what is not printable,
// which is escaped (base/printable.hpp): whatever a peer wrote can stand here.
struct field {
    std::string_view key;
    std::string value;

    field(std::string_view k, std::string_view v) : key(k), value(v) {}
    field(std::string_view k, const char* v) : key(k), value(v) {}
    field(std::string_view k, const std::string& v) : key(k), value(v) {}
    field(std::string_view k, bool v) : key(k), value(v ? "true" : "false") {}
    field(std::string_view k, double v) : key(k), value(to_text(v)) {}
    template <std::integral T>
    field(std::string_view k, T v) : key(k), value(std::to_string(v)) {}
};

// Nothing below `minimum` is written. The default is `off`, so that tests are quiet.
void set_level(level minimum);

void write(level severity, std::string_view event, std::span<const field> fields);

inline void write(level severity, std::string_view event, std::initializer_list<field> fields) {
    write(severity, event, std::span(fields.begin(), fields.size()));
}

inline void debug(std::string_view event, std::initializer_list<field> fields = {}) {
    write(level::debug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<field> fields = {}) {
    write(level::info, event, fields);
}
inline void warning(std::string_view event, std::initializer_list<field> fields = {}) {
    write(level::warning, event, fields);
}
inline void error(std::string_view event, std::initializer_list<field> fields = {}) {
    write(level::error, event, fields);
}

// As background_writer's `call_by` and `wake`, of the thread that writes the lines.
void call_writer_by(std::function<void()> call);
void wake_writer();

// Waits until all lines are written, half a second at most: for a process that is about to end at once. One
// that ends by `exit` does so anyway.
void flush();

// The line without time stamp and level, as `write` prints it.
[[nodiscard]] std::string format(std::string_view event, std::span<const field> fields);

[[nodiscard]] inline std::string format(std::string_view event, std::initializer_list<field> fields) {
    return format(event, std::span(fields.begin(), fields.size()));
}

}  // namespace nullworker::log
