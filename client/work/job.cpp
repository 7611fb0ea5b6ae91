#include <fleet/guarded_start.hpp>
#include <nullworker/base/deadline.hpp>
#include <nullworker/base/process.hpp>
#include <work/job.hpp>

#include <chrono>
#include <csignal>
#include <utility>

namespace nullworker::client {
namespace {

using namespace std::chrono_literals;

constexpr auto look_for_the_rest_every = 20ms;

}  // namespace

job::job(asio::any_io_executor executor, std::vector<std::string> command, int kept)
    : x_executor(executor),
      x_command(std::move(command)),
      x_program(fleet::program_file(x_command.front(), "the command behind --")),
      x_guardian(kept),
      x_tasks(std::move(executor)) {}

result<void> job::start(const std::map<std::string, std::string>& variables,
                        std::function<void(int code)> on_end) {
    if (auto guarded = x_guardian.ensure({}); !guarded)
        return guarded.error();
    auto begun = fleet::start_guarded(
        x_guardian, {.program = x_program, .arguments = x_command, .environment = variables});
    if (!begun)
        return begun.error();
    x_group = begun->id;
    x_told_to_end = x_killed = false;
    x_tasks.spawn(
        watch(asio::posix::stream_descriptor(x_executor, begun->handle.release()), std::move(on_end)));
    return {};
}

asio::awaitable<void> job::watch(asio::posix::stream_descriptor handle,
                                 std::function<void(int code)> on_end) {
    (void)co_await until_ended(handle, x_group);
    // Before it is reaped its number is its own, and so is the group's.
    while (x_told_to_end && !x_killed && group_lives(x_group))
        co_await sleep_for(look_for_the_rest_every);
    ::kill(-x_group, SIGKILL);
    x_guardian.forget(x_group);
    on_end(shell_code(reap(std::exchange(x_group, -1))));
}

void job::terminate() {
    if (x_group < 0)
        return;
    x_told_to_end = true;
    ::kill(-x_group, SIGTERM);
    // A stopped process takes SIGTERM only when it goes on.
    ::kill(-x_group, SIGCONT);
}

void job::kill() {
    if (x_group < 0)
        return;
    x_killed = true;
    ::kill(-x_group, SIGKILL);
}

void job::look_after() {
    if (x_group > 0)
        (void)x_guardian.ensure({x_group});
}

}  // namespace nullworker::client
