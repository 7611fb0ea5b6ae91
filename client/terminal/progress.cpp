#include <nullworker/base/printable.hpp>
#include <terminal/progress.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

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
    : x_out(out),
      x_form(shape),
      x_terminal(shape == form::lines && ::isatty(::fileno(out)) == 1),
      x_sessions(static_cast<std::size_t>(sessions)) {}

progress::~progress() {
    erase_status();
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

void progress::line(const std::string& subject, const std::string& text) {
    erase_status();
    std::fprintf(x_out, "%7.2f s  %-10s %s\n", elapsed(), subject.c_str(), printable(text).c_str());
    draw_status();
    std::fflush(x_out);
}

// `fields` is a JSON object; the time goes in front.
void progress::json(const std::string& fields) {
    std::fprintf(x_out, "{\"time\":%.3f,%s\n", elapsed(), fields.c_str() + 1);
    std::fflush(x_out);
}

void progress::erase_status() {
    if (x_drawn)
        std::fputs("\r\x1b[K", x_out);
    x_drawn = false;
}

void progress::draw_status() {
    if (!x_terminal)
        return;
    std::string bar;
    for (const auto& state : x_sessions)
        (bar += symbol(state)) += ' ';
    std::fprintf(x_out, "\x1b[2m   sessions %s  workers: %s\x1b[0m", bar.c_str(),
                 printable(described(x_workers)).c_str());
    x_drawn = true;
}

}  // namespace nullworker::client
