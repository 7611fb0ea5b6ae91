#pragma once

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace nullworker::test {

// A program that was started with pipes for its output, or on a terminal of its own. It is killed, if it
// still runs, at the end.
class program {
public:
    struct terminal {
        std::uint16_t columns;
        std::uint16_t rows;
    };

    // `command[0]` is a path. The environment is PATH and `environment`, nothing else but the
    // limit of handler_watch. On a terminal all it writes is out().
    explicit program(const std::vector<std::string>& command,
                     const std::map<std::string, std::string>& environment = {},
                     std::optional<terminal> on = {});
    ~program();
    program(const program&) = delete;
    program& operator=(const program&) = delete;

    // Reads standard output and error until `text` was seen in either. Fails the test when nothing
    // came for 30 s, after two minutes, and when the program ends before that.
    void wait_for(const std::string& text);

    // The same for `text` behind what the last call of either found.
    void wait_for_next(const std::string& text);

    // Reads everything and waits for the end: the exit code, or 128 and the signal.
    int wait();

    void signal(int number) const;

    // At its terminal: another size, and keys.
    void resize(terminal size) const;
    void type(const std::string& keys) const;

    [[nodiscard]] const std::string& out() const noexcept { return x_text[0]; }
    [[nodiscard]] const std::string& err() const noexcept { return x_text[1]; }
    [[nodiscard]] pid_t pid() const noexcept { return x_pid; }

private:
    bool read_some();
    struct spawn_actions;

    void start(const std::vector<std::string>& command, const std::map<std::string, std::string>& environment,
               const spawn_actions& actions, short flags);
    void start_with_pipes(const std::vector<std::string>& command,
                          const std::map<std::string, std::string>& environment);
    void start_on(terminal size, const std::vector<std::string>& command,
                  const std::map<std::string, std::string>& environment);

    pid_t x_pid = -1;
    int x_pipe[2] = {-1, -1};
    std::string x_text[2];
    std::size_t x_seen[2] = {0, 0};  // of each, up to the end of what was waited for last
};

// While it lives, programs that are started inherit what a careless parent leaves: every signal is blocked,
// and SIGCHLD is ignored.
class careless_parent {
public:
    careless_parent();
    ~careless_parent();
    careless_parent(const careless_parent&) = delete;
    careless_parent& operator=(const careless_parent&) = delete;

private:
    sigset_t x_blocked_before{};
    struct sigaction x_before {};
};

// Whether `text` has `part` in it.
[[nodiscard]] inline bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace nullworker::test
