#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

// One line an event, key=value, to standard error:
//   ts=2026-01-31T12:00:00.000Z level=info event=session_created session_id=Ab3… lifetime=60
// or, in the form json, as an object a line:
//   {"time":"2026-01-31T12:00:00.000Z","level":"info","event":"session_created","session_id":"Ab3…","lifetime":60}
// A thread of its own writes them, so that a log that nobody reads holds up nobody: what finds no room in 256
// KiB is dropped, and event=log_lines_dropped says how many lines that were. Levels by consequence: error is
// our fault, warning a peer's or the operator's, info the golden path.
namespace nullworker::log {

enum class level { debug, info, warning, error, off };

enum class form { text, json };

// A number as fields show it: six digits at most.
[[nodiscard]] std::string to_text(double value);

// One key=value pair. A value with blanks, quotes or equals signs is quoted, and so is what is not printable,
// which is escaped (base/printable.hpp): whatever a peer wrote can stand here.
struct field {
    std::string_view key;
    std::string value;
    bool is_text = true;  // else a number or a truth value, and JSON has it as such
    bool in_text = true;  // else the form json alone has it

    field(std::string_view k, std::string_view v) : key(k), value(v) {}
    field(std::string_view k, const char* v) : key(k), value(v) {}
    field(std::string_view k, const std::string& v) : key(k), value(v) {}
    field(std::string_view k, bool v) : key(k), value(v ? "true" : "false"), is_text(false) {}
    field(std::string_view k, double v) : key(k), value(to_text(v)), is_text(!std::isfinite(v)) {}
    template <std::integral T>
    field(std::string_view k, T v) : key(k), value(std::to_string(v)), is_text(false) {}
};

// A field that only the form json has: what a line is about, for programs that put lines together.
template <class T>
[[nodiscard]] field also(std::string_view key, const T& value) {
    field out(key, value);
    out.in_text = false;
    return out;
}

// Nothing below `minimum` is written. The default is `off`, so that tests are quiet.
void set_level(level minimum);

// Whether lines of that level are written: to make one that is not costs its fields.
[[nodiscard]] bool writes(level severity);

// To be called before the first line. In the form json `worker_id` stands in each line, if it is known.
void set_form(form shape, std::optional<std::int64_t> worker_id = std::nullopt);

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

// The line without time stamp and level, as `write` prints it in the form text.
[[nodiscard]] std::string format(std::string_view event, std::span<const field> fields);

// The same in the form json: members of an object, without its braces, in ASCII.
[[nodiscard]] std::string format_json(std::string_view event, std::span<const field> fields,
                                      std::optional<std::int64_t> worker_id = std::nullopt);

[[nodiscard]] inline std::string format(std::string_view event, std::initializer_list<field> fields) {
    return format(event, std::span(fields.begin(), fields.size()));
}

}  // namespace nullworker::log
