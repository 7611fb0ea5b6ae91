#pragma once

#include <nullworker/base/background_writer.hpp>

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

namespace nullworker::client {

// What a person or a program sees of a run: a line an event with the time since the start, and on a terminal
// a last line that tells where everything stands; or one JSON object an event. Whatever text it is given,
// what a peer wrote included, is shown printable.
class progress {
public:
    enum class form { lines, json };

    // Writes to `out`, which outlives it, at the pace of whoever reads there: what finds no room is dropped,
    // and it is told how much that was. Draws the last line only where `out` is a terminal.
    progress(std::FILE* out, form shape, int sessions);
    ~progress();
    progress(const progress&) = delete;
    progress& operator=(const progress&) = delete;

    // Session `number` (from 1) is now `state`; `detail` may be empty.
    void session(int number, const std::string& state, const std::string& detail);

    // How many workers are in which state; a line only when that changed.
    void workers(const std::map<std::string, int>& by_state);

    void note(const std::string& text);

    // The numbers of workers seen so far, each time they changed, from 0 on.
    [[nodiscard]] const std::vector<int>& worker_story() const noexcept { return x_story; }

private:
    static std::string dumped(const nlohmann::json& event);
    void line(const std::string& subject, const std::string& text);
    void json(const std::string& fields);
    [[nodiscard]] std::string erased_status();
    [[nodiscard]] std::string drawn_status();
    double elapsed() const;

    form x_form;
    bool x_terminal;
    bool x_drawn = false;
    std::chrono::steady_clock::time_point x_start = std::chrono::steady_clock::now();
    std::vector<std::string> x_sessions;
    std::map<std::string, int> x_workers;
    std::vector<int> x_story{0};
    background_writer x_out;
};

}  // namespace nullworker::client
