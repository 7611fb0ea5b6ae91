#include <nullworker/base/background_writer.hpp>
#include <nullworker/base/log.hpp>
#include <nullworker/base/printable.hpp>

#include <spdlog/details/null_mutex.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <utility>

#include <unistd.h>

namespace nullworker::log {
namespace {

constexpr std::array spdlog_levels = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                      spdlog::level::err, spdlog::level::off};

// How long the end of a process waits for whoever reads the log.
constexpr std::chrono::milliseconds last_words(500);

constexpr auto spdlog_level(level value) {
    return spdlog_levels[static_cast<std::size_t>(value)];
}

constexpr std::array patterns = {
    "ts=%Y-%m-%dT%H:%M:%S.%eZ level=%l %v",
    R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})",
};

// How lines look, from before the first of them on.
struct look {
    form shape = form::text;
    std::optional<std::int64_t> worker_id;
};

look& the_look() {
    static look instance;
    return instance;
}

std::unique_ptr<spdlog::formatter> make_formatter() {
    return std::make_unique<spdlog::pattern_formatter>(patterns[static_cast<std::size_t>(the_look().shape)],
                                                       spdlog::pattern_time_type::utc);
}

std::string shaped(std::string_view event, std::span<const field> fields) {
    const auto& wanted = the_look();
    return wanted.shape == form::text ? format(event, fields) : format_json(event, fields, wanted.worker_id);
}

// What stands in the log where lines are missing.
std::string lines_dropped(std::uint64_t count) {
    spdlog::memory_buf_t line;
    const std::array fields = {field("count", count),
                               field("reason", "whoever reads standard error was too slow")};
    const auto text = shaped("log_lines_dropped", fields);
    make_formatter()->format(spdlog::details::log_msg({}, spdlog::level::warn, text), line);
    return {line.data(), line.size()};
}

// Lines to standard error, at the pace of whoever reads there.
class sink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
public:
    bool flush_for(std::chrono::steady_clock::duration patience) { return x_out.flush(patience); }
    [[nodiscard]] background_writer& out() { return x_out; }

private:
    static constexpr std::size_t buffer_bytes = 256 * 1024;

    void sink_it_(const spdlog::details::log_msg& message) override {
        spdlog::memory_buf_t line;
        formatter_->format(message, line);
        x_out.write({line.data(), line.size()});
    }
    void flush_() override {}

    background_writer x_out{STDERR_FILENO, buffer_bytes, lines_dropped};
};

// A log that is destroyed late tries once more to get rid of its last lines.
class process_log {
public:
    process_log() {
        x_logger.set_formatter(make_formatter());
        x_logger.set_level(spdlog::level::off);
    }
    ~process_log() { x_sink->flush_for(last_words); }
    process_log(const process_log&) = delete;
    process_log& operator=(const process_log&) = delete;

    [[nodiscard]] spdlog::logger& lines() { return x_logger; }
    [[nodiscard]] class sink& sink() { return *x_sink; }

private:
    std::shared_ptr<class sink> x_sink = std::make_shared<class sink>();
    spdlog::logger x_logger{"nullworker", x_sink};
};

process_log& the_log() {
    static process_log instance;
    return instance;
}

spdlog::logger& logger() {
    return the_log().lines();
}

bool needs_quotes(std::string_view value) {
    return value.empty() || value.find_first_of(" \"=") != std::string_view::npos || !is_printable(value);
}

void append_quoted(std::string& out, const std::string& value) {
    out += '"';
    for (const char c : printable(value)) {
        if (c == '"')
            out += '\\';
        out += c;
    }
    out += '"';
}

}  // namespace

std::string to_text(double value) {
    std::array<char, 32> text{};
    const int size = std::snprintf(text.data(), text.size(), "%.6g", value);
    return {text.data(), static_cast<std::size_t>(size)};
}

void set_level(level minimum) {
    logger().set_level(spdlog_level(minimum));
}

bool writes(level severity) {
    return logger().should_log(spdlog_level(severity));
}

void set_form(form shape, std::optional<std::int64_t> worker_id) {
    the_look() = {shape, worker_id};
    logger().set_formatter(make_formatter());
}

std::string format(std::string_view event, std::span<const field> fields) {
    std::string line = "event=";
    line += event;
    for (const auto& one : fields) {
        if (!one.in_text)
            continue;
        (line += ' ') += one.key;
        line += '=';
        if (needs_quotes(one.value))
            append_quoted(line, one.value);
        else
            line += one.value;
    }
    return line;
}

std::string format_json(std::string_view event, std::span<const field> fields,
                        std::optional<std::int64_t> worker_id) {
    std::string out = "\"event\":" + json_text(event);
    const auto append = [&out](const field& one) {
        (out += ',') += json_text(one.key);
        (out += ':') += one.is_text ? json_text(one.value) : one.value;
    };
    if (worker_id)
        append({"worker_id", *worker_id});
    for (const auto& one : fields)
        append(one);
    return out;
}

void write(level severity, std::string_view event, std::span<const field> fields) {
    if (writes(severity))
        logger().log(spdlog_level(severity), spdlog::string_view_t(shaped(event, fields)));
}

void call_writer_by(std::function<void()> call) {
    the_log().sink().out().call_by(std::move(call));
}

void wake_writer() {
    the_log().sink().out().wake();
}

void flush() {
    the_log().sink().flush_for(last_words);
}

}  // namespace nullworker::log
