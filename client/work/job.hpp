#pragma once

#include <fleet/guardian.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/base/task_group.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

namespace nullworker::client {

// A command that runs in a process group of its own, again and again. When it ends, what is left of its group
// is killed; when this process ends, however that happens, a guardian kills all of it.
class job {
public:
    // Throws startup_error when the command is no program. The guardian keeps a copy of the descriptor `kept`
    // until the group is gone.
    job(asio::any_io_executor executor, std::vector<std::string> command, int kept);

    // None may run.
    ~job() = default;
    job(const job&) = delete;
    job& operator=(const job&) = delete;

    // Runs it with variables beside ours. `on_end` is told once, maybe before this returns, how it ended: its
    // exit code, or 128 and a signal's number; -1 where nobody knows.
    [[nodiscard]] result<void> start(const std::map<std::string, std::string>& variables,
                                     std::function<void(int code)> on_end);

    // Asks all of the group to end. From here on it has ended when the last of them has.
    void terminate();

    // Ends all of the group at once.
    void kill();

    // Sees to it that it is still guarded: somebody may have ended the guardian.
    void look_after();

    [[nodiscard]] asio::awaitable<void> join() { return x_tasks.join(); }

private:
    asio::awaitable<void> watch(asio::posix::stream_descriptor handle, std::function<void(int code)> on_end);

    asio::any_io_executor x_executor;
    std::vector<std::string> x_command;
    std::string x_program;
    fleet::guardian x_guardian;
    task_group x_tasks;
    pid_t x_group = -1;  // -1: it does not run
    bool x_told_to_end = false;
    bool x_killed = false;
};

}  // namespace nullworker::client
