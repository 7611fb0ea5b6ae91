#pragma once

#include <fleet/guarded_start.hpp>
#include <fleet/guardian.hpp>
#include <fleet/last_words.hpp>
#include <fleet/worker_launcher.hpp>
#include <nullworker/base/descriptor.hpp>
#include <nullworker/base/task_group.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nullworker::fleet {

// Where a worker's standard output and error go.
enum class worker_output {
    discard,
    inherit,  // ours
    files,    // <log_dir>/worker-<id>.log, appended to
};

struct process_options {
    std::vector<std::string> command;  // the program, found in PATH where it has no slash, and its arguments
    worker_output output = worker_output::discard;
    std::string log_dir = {};                                                  // exists
    std::chrono::steady_clock::duration stop_grace = std::chrono::seconds(5);  // from SIGTERM to SIGKILL
    std::vector<std::string> consumer =
        {};  // runs beside each worker, in its group and environment; empty: none
    std::function<void(std::int64_t id, const std::string& how)> on_consumer_exit =
        {};  // before its worker's
};

// The command that runs a line of shell.
[[nodiscard]] std::vector<std::string> shell_command(const std::string& line);

// Runs each worker as a process in a group of its own; what is sent to a worker is sent to the whole group,
// and what a worker leaves behind in its group is killed when it ends. A guardian kills every group that is
// left when this process ends, however that happens. Only a process that leaves its group escapes. A consumer
// that ends by itself is not started again, and its worker goes on. How a worker ended that was not asked to
// is told with the last line that it wrote, unless the output is inherited.
//
// Waits for its own children alone, so it gets along with others in the same program.
class process_launcher final : public worker_launcher {
public:
    // Throws startup_error when the command is no program.
    process_launcher(asio::any_io_executor executor, process_options options);

    // No worker may be left: kill and join first. Workers that are left all the same are killed.
    ~process_launcher() override;

    void on_exit(exit_callback callback) override { x_on_exit = std::move(callback); }
    [[nodiscard]] result<void> start(worker_spec spec) override;
    void stop(std::int64_t id) override;
    void kill(std::int64_t id) override;
    [[nodiscard]] asio::awaitable<void> join() override { return x_tasks.join(); }

    // The process, which is its group's number too; -1 for an unknown worker.
    [[nodiscard]] pid_t pid_of(std::int64_t id) const;

private:
    struct child;
    struct sink;

    [[nodiscard]] child* find(std::int64_t id);
    [[nodiscard]] std::string log_file(std::int64_t id) const;
    [[nodiscard]] result<sink> open_sink(std::int64_t id) const;
    [[nodiscard]] std::string obituary(std::int64_t id, std::optional<int> status, last_words* words) const;
    [[nodiscard]] static asio::awaitable<void> listen(std::shared_ptr<last_words> words);
    [[nodiscard]] result<guarded_process> launch(const std::string& program,
                                                 const std::vector<std::string>& command,
                                                 const worker_spec& spec, int output, pid_t group) const;
    void tell_of_consumer(std::int64_t id, const std::string& how) const;
    [[nodiscard]] result<void> start_consumer(child& worker, const worker_spec& spec);
    asio::awaitable<void> watch(child& watched);
    asio::awaitable<void> watch_consumer(std::int64_t id, pid_t worker, pid_t pid,
                                         asio::posix::stream_descriptor handle,
                                         std::shared_ptr<last_words> words);  // `worker`: its process
    asio::awaitable<void> insist(std::int64_t id, pid_t pid);

    asio::any_io_executor x_executor;
    process_options x_options;
    std::string x_program;
    std::string x_consumer_program;
    exit_callback x_on_exit;
    guardian x_guardian;
    task_group x_tasks;
    std::list<child> x_children;
};

}  // namespace nullworker::fleet
