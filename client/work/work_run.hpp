#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/interruption.hpp>
#include <nullworker/base/task_group.hpp>
#include <nullworker/base/wakeup.hpp>
#include <nullworker/wire/control_messages.hpp>
#include <work/control_line.hpp>
#include <work/crew.hpp>
#include <work/job.hpp>
#include <work/work_plan.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nullworker::client {

struct work_options {
    control_place place;
    work_rules rules;
    std::vector<std::string> command;
    std::map<std::string, std::string> variables;  // of the command, beside ours and those of the session
    int parallel = 1;                              // commands at once, each with a work_run of its own
};

// The name of the lock that one `work` at a daemon holds, whichever way it takes to it. Where that is a Unix
// socket only the daemon knows its port: it is waited for. Nothing where `stop` came first.
[[nodiscard]] asio::awaitable<std::optional<std::string>> work_lock_name(const control_place& place,
                                                                         interruption& stop);

// Carries out what work_plan decides: speaks with the daemon, runs the command, and tells the log.
class work_run {
public:
    // Throws startup_error where the command is no program. `kept`: a descriptor that outlives the command,
    // see job; -1: none. `options` outlives it. It is the `slot`-th of `all`, who share the machine.
    work_run(asio::any_io_executor executor, const work_options& options, int kept,
             std::shared_ptr<crew> all = std::make_shared<crew>(), int slot = 0);

    // No further job. To be called at any time.
    void stop();

    // Returns when it was stopped, and nothing runs any more.
    [[nodiscard]] asio::awaitable<void> run();

private:
    void carry_out(const work_step& step);
    void question(asio::awaitable<void> asked);
    asio::awaitable<void> look(std::uint64_t ticket, std::chrono::steady_clock::time_point until);
    asio::awaitable<void> protect(std::uint64_t ticket);
    asio::awaitable<void> lift(std::uint64_t ticket);
    asio::awaitable<void> release(std::uint64_t ticket);
    asio::awaitable<void> wait_for_turn();  // until no other slot gives up a session
    asio::awaitable<daemon_run> ask_run();
    asio::awaitable<verdict> post(std::string path, std::string body);
    asio::awaitable<verdict> say(crew::word what);
    void start();
    void tell();

    asio::any_io_executor x_executor;
    const work_options& x_options;
    std::shared_ptr<crew> x_all;
    int x_slot;
    seconds x_limit;  // of a question
    work_plan x_plan;
    wakeup x_bell;
    bool x_runs = false;           // the command
    std::uint64_t x_ticket = 0;    // of the question that is open
    wire::slot_session x_session;  // the last that was seen
    std::string x_trouble;         // why the last question had no answer
    job x_job;
    task_group x_questions;
};

}  // namespace nullworker::client
