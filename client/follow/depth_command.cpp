#include <follow/depth.hpp>
#include <follow/depth_command.hpp>
#include <nullworker/base/child_process.hpp>
#include <nullworker/base/deadline.hpp>

#include <utility>

namespace nullworker::client {

asio::awaitable<outcome<told_depth>> run_depth(depth_script command) {
    auto working = run_shell(std::move(command.line), nullptr, std::move(command.shell));
    const auto ended = co_await within(to_ticks(command.limit), std::move(working));
    if (!ended)
        co_return failure{"the command of --depth: " + ended.error().message()};
    if (ended->code != 0)
        co_return failure{"the command of --depth " + ended->described()};
    const auto jobs = read_depth(ended->output);
    if (!jobs)
        co_return jobs.error();
    co_return told_depth{*jobs, ended->error};
}

}  // namespace nullworker::client
