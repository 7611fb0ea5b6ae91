#include "command_line.hpp"

#include <commands/control.hpp>
#include <commands/demo.hpp>
#include <commands/fleet.hpp>
#include <commands/follow.hpp>
#include <commands/hold.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/manual/describe.hpp>
#include <terminal/runner.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

namespace nullworker::client {
namespace {

constexpr const char* description =
    "nullworker reserves Vast.ai Serverless machines, one per unit of work, and speaks with the worker on "
    "such a\n"
    "machine. `nullworker demo` shows the whole of it on your own: it needs nothing but this program and "
    "nullworkerd.";

constexpr const char* footer =
    "Exit codes: 0 done, 1 a session could not be held or released, or the worker refused, 2 wrong usage or\n"
    "cannot start, 3 no nullworkerd answers on this machine,\n"
    "128+N interrupted by signal N (open sessions are ended first; a second signal ends at once).";

constexpr const char* on_an_endpoint = "Commands";
constexpr const char* on_the_machine = "Commands beside the worker, for the consumer and the operator";

// In the order of --help.
constexpr subcommand subcommands[] = {
    {on_an_endpoint, "demo", "Reserve sessions one after the other, hold them, release them", define_demo},
    {on_an_endpoint, "hold", "Hold one session for some time, or while a command runs", define_hold, "CMD"},
    {on_an_endpoint, "follow", "Keep as many sessions open as there is work in a queue", define_follow},
    {on_an_endpoint, "fleet", "Run a local stand-in for the autoscaler, with real workers", define_fleet},
    {on_the_machine, "status", "Tell how the worker on this machine is", define_status},
    {on_the_machine, "session", "Tell which session holds the worker on this machine", define_session},
    {on_the_machine, "wait", "Wait until the worker on this machine is reserved", define_wait},
    {on_the_machine, "renew", "Let the session last for some seconds from now on", define_renew},
    {on_the_machine, "release", "End the session and free the worker", define_release},
    {on_the_machine, "heartbeat", "Tell the worker that its consumer is alive", define_heartbeat},
};

// The command line, and what each of its subcommands does.
class command_line {
public:
    command_line() {
        x_app.set_version_flag("--version", "nullworker " NULLWORKER_VERSION);
        x_app.require_subcommand(1);
        x_app.footer(footer);
        x_app.get_formatter()->column_width(34);
        for (const auto& row : subcommands) {
            auto* app = x_app.add_subcommand(row.name, row.summary)->group(row.group);
            x_actions.emplace_back(app, row.define(*app, x_behind));
        }
    }

    // Throws CLI::ParseError.
    [[nodiscard]] const action& parse(int argc, const char* const* argv) {
        x_app.parse(cut_command(argc, argv), argv);
        return std::find_if(x_actions.begin(), x_actions.end(),
                            [](const auto& entry) { return entry.first->parsed(); })
            ->second;
    }

    // Prints the help, the version or what is wrong.
    [[nodiscard]] action explain(const CLI::ParseError& e) const {
        std::ostringstream out;
        std::ostringstream error;
        const int code = x_app.exit(e, out, error) == 0 ? exit_done : exit_usage;
        return [code, out = out.str(), error = error.str()] {
            std::cout << out << std::flush;
            std::cerr << error << std::flush;
            return code;
        };
    }

    [[nodiscard]] manual::command_description describe() const {
        auto out = manual::describe(x_app);
        for (auto& command : out.subcommands)
            for (const auto& row : subcommands)
                if (command.name == row.name)
                    command.behind_dashes = row.behind_dashes;
        return out;
    }

private:
    // What stands behind `--` is another program's command line, and none of ours to read. Returns how many
    // words are ours.
    int cut_command(int argc, const char* const* argv) {
        const auto* const end = argv + argc;
        const auto* const dashes =
            std::find_if(argv, end, [](const char* word) { return std::string_view(word) == "--"; });
        if (dashes != end)
            x_behind.assign(dashes + 1, end);
        return static_cast<int>(dashes - argv);
    }

    CLI::App x_app{description, "nullworker"};
    words x_behind;
    std::vector<std::pair<CLI::App*, action>> x_actions;
};

}  // namespace

action read_command_line(int argc, const char* const* argv) {
    const auto definition = std::make_shared<command_line>();
    try {
        const auto& wanted = definition->parse(argc, argv);
        return [definition, &wanted] { return wanted(); };
    } catch (const CLI::ParseError& e) {
        return definition->explain(e);
    }
}

manual::command_description describe_command_line() {
    return command_line().describe();
}

}  // namespace nullworker::client
