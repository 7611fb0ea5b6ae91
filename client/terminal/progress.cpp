#include <nullworker/base/printable.hpp>
#include <nullworker/base/program_start.hpp>
#include <terminal/progress.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <utility>

#include <unistd.h>

namespace nullworker::client {
namespace {

std::string described(const std::map<std::string, int>& workers) {
    std::string out;
    for (const auto& [state, count] : workers)
        out += (out.empty() ? "" : ", ") + std::to_string(count) + " " + state;
    return out.empty() ? "none" : out;
}

int total(const std::map<std::string, int>& workers) {
    int sum = 0;
    for (const auto& entry : workers)
        sum += entry.second;
    return sum;
}

constexpr std::size_t buffer_bytes = 256 * 1024;
constexpr std::chrono::seconds last_words(1);

// What stands in a run's output where some of it is missing.
std::string missing_lines(std::uint64_t count) {
    return std::to_string(count) + " lines are missing here: they were not read in time\n";
}
std::string missing_events(std::uint64_t count) {
    return "{\"event\":\"missing\",\"count\":" + std::to_string(count) + "}\n";
}

// One character a session: what it is doing.
const char* symbol(const std::string& state) {
    if (state == "held")
        return "●";
    if (state == "released")
        return "✓";
    if (state == "failed")
        return "✗";
    return state.empty() ? "·" : "○";
}

}  // namespace

progress::progress(std::FILE* out, form shape, int sessions)
    : x_form(shape),
      x_terminal(shape == form::lines && ::isatty(::fileno(out)) == 1),
      x_sessions(static_cast<std::size_t>(sessions)),
      x_out(::fileno(out), buffer_bytes, shape == form::json ? missing_events : missing_lines) {}

progress::~progress() {
    x_out.write(erased_status());
    (void)x_out.flush(last_words);
    if (x_out.has_failed())
        note_lost_output();
}

// Peers' texts go in here, and need not be UTF-8. In ASCII, as a terminal may show it after all.
std::string progress::dumped(const nlohmann::json& event) {
    return event.dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::json::error_handler_t::replace);
}

double progress::elapsed() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - x_start).count();
}

void progress::session(int number, const std::string& state, const std::string& detail) {
    x_sessions.at(static_cast<std::size_t>(number - 1)) = state;
    if (x_form == form::json)
        return json(
            dumped({{"event", "session"}, {"session", number}, {"state", state}, {"detail", detail}}));
    constexpr std::size_t longest_state = 8;
    const std::string padding(longest_state - std::min(longest_state, state.size()), ' ');
    line("session " + std::to_string(number), detail.empty() ? state : state + padding + "  " + detail);
}

void progress::workers(const std::map<std::string, int>& by_state) {
    if (by_state == x_workers)
        return;
    x_workers = by_state;
    if (total(by_state) != x_story.back())
        x_story.push_back(total(by_state));
    if (x_form == form::json)
        return json(dumped({{"event", "workers"}, {"total", total(by_state)}, {"by_state", by_state}}));
    line("workers", std::to_string(total(by_state)) + "  (" + described(by_state) + ")");
}

void progress::note(const std::string& text) {
    if (x_form == form::json)
        return json(dumped({{"event", "note"}, {"text", text}}));
    line("", text);
}

// A line and what is around it are one text, which is written whole or not at all.
void progress::line(const std::string& subject, const std::string& text) {
    std::array<char, 64> head{};
    (void)std::snprintf(head.data(), head.size(), "%7.2f s  %-10s ", elapsed(), subject.c_str());
    auto out = erased_status();
    out += head.data() + printable(text) + '\n';
    x_out.write(out += drawn_status());
}

// `fields` is a JSON object; the time goes in front.
void progress::json(const std::string& fields) {
    std::array<char, 64> head{};
    (void)std::snprintf(head.data(), head.size(), "{\"time\":%.3f,", elapsed());
    x_out.write(head.data() + fields.substr(1) + '\n');
}

std::string progress::erased_status() {
    return std::exchange(x_drawn, false) ? "\r\x1b[K" : "";
}

std::string progress::drawn_status() {
    if (!x_terminal)
        return {};
    x_drawn = true;
    std::string bar;
    for (const auto& state : x_sessions)
        (bar += symbol(state)) += ' ';
    return "\x1b[2m   sessions " + bar + " workers: " + printable(described(x_workers)) + "\x1b[0m";
}

}  // namespace nullworker::client
