#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <sys/types.h>

namespace nullworker {

// How a program is started.
struct child_options {
    std::vector<std::string> command;                     // the program, found in PATH, and its arguments
    std::map<std::string, std::string> environment = {};  // additions to ours
    std::set<std::string> withheld = {};                  // variables of ours that it does not get
    bool own_group =
        false;  // in a process group of its own, without input, killed with all that is in it at the end
    bool job = false;   // in a process group of its own, which is left alone at the end
    int terminal = -1;  // the descriptor of a terminal of which a job becomes the foreground; -1: none
    int output = -1;    // descriptors for standard output and error; -1: ours
    int error = -1;
};

// A program could not be started, for the system's reason.
class child_error : public startup_error {
public:
    child_error(const std::string& what, error_code why)
        : startup_error(what + ": " + why.message()), x_code(why) {}

    [[nodiscard]] const error_code& code() const noexcept { return x_code; }

private:
    error_code x_code;
};

// A program that runs beside us. It gets no descriptors but the standard ones.
class child_process {
public:
    // Throws child_error when it cannot be started.
    child_process(const asio::any_io_executor& executor, const child_options& options);

    // A program with a group of its own is killed if it still runs.
    ~child_process();
    child_process(const child_process&) = delete;
    child_process& operator=(const child_process&) = delete;

    // What `wait` returns where nobody can tell how it ended, which is a failure like any other.
    static constexpr int unknown_end = -1;

    // Returns when it has ended: its exit code, or 128 and the number of the signal that ended it.
    [[nodiscard]] asio::awaitable<int> wait();

    // To the program, or to all of a job.
    void signal(int number);

    // Whether the program was stopped, and nobody has continued it. Tells of each stop once.
    [[nodiscard]] bool was_stopped();

    // The number of the process; -1 once it was waited for.
    [[nodiscard]] pid_t id() const noexcept { return x_pid; }

    // A descriptor that is readable once the program has ended, and now and then before: see until_ended.
    [[nodiscard]] asio::posix::stream_descriptor& handle() noexcept { return x_descriptor; }

private:
    pid_t x_pid = -1;
    bool x_own_group;
    bool x_job;
    asio::posix::stream_descriptor x_descriptor;
};

// What became of a line of shell.
struct shell_outcome {
    int code = 0;        // its exit code, 128 and a signal's number, or child_process::unknown_end
    std::string output;  // of standard output and error each the first 64 KiB
    std::string error;

    // For people: how it ended, with the last line of what it said about that.
    [[nodiscard]] std::string described() const;
};

// Runs a line by `shell`, or by itself where it is nothing but a program and its words (plain_command), in a
// process group of its own, without input. Has no limit of its own: see `within`; when cancelled it kills the
// group. Where a command that was killed earlier has not ended, it waits a second for that and then fails
// with child_still_there: commands that cannot be ended are not to pile up. Else it fails with the system's
// error where nothing can be started. It does not get the variable `withheld`, which outlives the call; null:
// it gets all. `shell` is found in PATH and knows what POSIX wants; of bash, a pipe fails where any of its
// commands does.
[[nodiscard]] asio::awaitable<result<shell_outcome>> run_shell(std::string line,
                                                               const char* withheld = nullptr,
                                                               std::string shell = "/bin/sh");

}  // namespace nullworker
