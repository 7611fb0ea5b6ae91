#include "command_line.hpp"

#include <commands/control.hpp>
#include <commands/demo.hpp>
#include <commands/depth.hpp>
#include <commands/doctor.hpp>
#include <commands/fleet.hpp>
#include <commands/follow.hpp>
#include <commands/hold.hpp>
#include <commands/subcommand.hpp>
#include <commands/watch.hpp>
#include <commands/work.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/base/printable.hpp>
#include <nullworker/options/command.hpp>
#include <terminal/runner.hpp>

#include <algorithm>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nullworker::client {
namespace {

constexpr const char* summary =
    "reserves Vast.ai Serverless machines, one per unit of work, and speaks with the worker on such a\n"
    "machine";

constexpr const char* description =
    " `nullworker demo` shows the whole of it on your own: it needs nothing but this program and "
    "nullworkerd.";

constexpr const char* on_an_endpoint = "Commands";
constexpr const char* on_the_machine = "Commands beside the worker, for the consumer and the operator";

// In the order of --help, each under its heading.
constexpr std::pair<const char*, subcommand (*)()> commands[] = {
    {on_an_endpoint, demo_command},    {on_an_endpoint, hold_command},    {on_an_endpoint, follow_command},
    {on_an_endpoint, depth_command},   {on_an_endpoint, watch_command},   {on_an_endpoint, doctor_command},
    {on_an_endpoint, fleet_command},   {on_the_machine, work_command},    {on_the_machine, status_command},
    {on_the_machine, session_command}, {on_the_machine, wait_command},    {on_the_machine, renew_command},
    {on_the_machine, protect_command}, {on_the_machine, release_command}, {on_the_machine, heartbeat_command},
};

std::vector<options::exit_code> exit_codes() {
    return {
        {"0", "done"},
        {"1", "a session could not be held or released, the worker refused, or a queue told no depth"},
        {"2", "wrong usage or\ncannot start"},
        {"3", "no nullworkerd answers on this machine"},
        {"75", "a session was lost while the command behind -- ran"},
        {"128+N", "interrupted by signal N (open sessions are ended first; a second signal ends at once)"},
    };
}

std::vector<options::example> examples() {
    return {
        {"Sessions on a fleet of this machine, from the first worker to the last", "nullworker demo"},
        {"A fleet to try things on, and from another terminal a session on it for five seconds",
         "nullworker fleet --start-delay 2\nnullworker hold --instance local --hold 5"},
        {"A machine of an endpoint of Vast for as long as a command runs; the key is in VAST_API_KEY",
         "nullworker hold --endpoint my-endpoint -- sh -c 'curl \"$NULLWORKER_WORKER_URL\"'"},
        {"As many machines as a list in Redis has unfinished jobs, eight at most",
         "nullworker follow --endpoint my-endpoint --max 8 \\\n"
         "    --depth 'nullworker depth redis env:REDIS_URL jobs working'"},
        {"On the machine: run a program that takes one job and does it, whenever the machine is reserved",
         "nullworker work -- ./one-job"},
    };
}

// All that can be said, and by name what is done then.
struct command_line {
    options::command program{.name = "nullworker",
                             .version = NULLWORKER_VERSION,
                             .summary = summary,
                             .description = description,
                             .exit_codes = exit_codes(),
                             .examples = examples(),
                             .help_column = 34};
    std::map<std::string, decltype(subcommand::run)> runs;

    command_line() {
        for (const auto& [group, make] : commands) {
            auto made = make();
            made.table.group = group;
            runs[made.table.name] = std::move(made.run);
            program.subcommands.push_back(std::move(made.table));
        }
    }
};

action print(std::ostream& out, const std::string& text, int code) {
    return [&out, text, code] {
        out << text << std::flush;
        return code;
    };
}

}  // namespace

action read_command_line(int argc, const char* const* argv) {
    // What stands behind `--` is another program's command line, and none of ours to read.
    const auto* const end = argv + argc;
    const auto* const dashes =
        std::find_if(argv, end, [](const char* word) { return std::string_view(word) == "--"; });
    words behind(dashes == end ? end : dashes + 1, end);
    const bool names_none = dashes != end && (behind.empty() || behind.front().empty());
    const command_line all;
    auto found = options::read(all.program, static_cast<int>(dashes - argv), argv);
    if (found.help)
        return print(std::cout, *found.help, exit_done);
    if (found.version)
        return print(std::cout, *found.version, exit_done);
    if (!found.error && names_none)  // as when a script's variable is not set
        found.error = "no command stands behind --; name one, or leave out the --";
    if (found.error)
        return print(std::cerr,
                     all.program.name + ": " + printable(*found.error) + "; see " + all.program.name +
                         (found.subcommand.empty() ? "" : ' ' + found.subcommand) + " --help\n",
                     exit_usage);
    for (const auto& remark : found.remarks)
        std::cerr << "nullworker: " << printable(remark) << '\n';
    auto run = all.runs.at(found.subcommand);
    return [run = std::move(run), found = std::move(found), behind = std::move(behind)] {
        return run(found, behind);
    };
}

options::command_description describe_command_line() {
    return describe(command_line().program);
}

}  // namespace nullworker::client
