#include <nullworker/base/log.hpp>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>

namespace nullworker::log {
namespace {

constexpr std::array spdlog_levels = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                      spdlog::level::err, spdlog::level::off};

constexpr auto spdlog_level(level value) {
    return spdlog_levels[static_cast<std::size_t>(value)];
}

spdlog::logger& logger() {
    static const auto instance = [] {
        auto made =
            std::make_shared<spdlog::logger>("nullworker", std::make_shared<spdlog::sinks::stderr_sink_st>());
        made->set_formatter(std::make_unique<spdlog::pattern_formatter>(
            "ts=%Y-%m-%dT%H:%M:%S.%eZ level=%l %v", spdlog::pattern_time_type::utc));
        made->set_level(spdlog::level::off);
        return made;
    }();
    return *instance;
}

bool needs_quotes(std::string_view value) {
    const auto plain = [](unsigned char c) {
        return c > ' ' && c != '"' && c != '=' && c != '\\' && c != 0x7F;
    };
    return value.empty() || !std::all_of(value.begin(), value.end(), plain);
}

void append_quoted(std::string& out, std::string_view value) {
    out += '"';
    for (const char c : value) {
        if (c == '"' || c == '\\')
            (out += '\\') += c;
        else if (c == '\n')
            out += "\\n";
        else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
            out += '?';
        else
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

std::string format(std::string_view event, std::initializer_list<field> fields) {
    std::string line = "event=";
    line += event;
    for (const auto& [key, value] : fields) {
        (line += ' ') += key;
        line += '=';
        if (needs_quotes(value))
            append_quoted(line, value);
        else
            line += value;
    }
    return line;
}

void write(level severity, std::string_view event, std::initializer_list<field> fields) {
    if (logger().should_log(spdlog_level(severity)))
        logger().log(spdlog_level(severity), spdlog::string_view_t(format(event, fields)));
}

}  // namespace nullworker::log
