#include "command_line.hpp"

#include <commands/common_options.hpp>
#include <commands/control_options.hpp>
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

using words = std::vector<std::string>;

action define_demo(CLI::App& app, const words& behind) {
    const auto options = std::make_shared<demo_options>();
    auto& local = options->where.fleet;
    local.scaling.inactivity_timeout = seconds(2);
    local.scaling.start_delay = seconds(0.5);
    app.footer("Without --endpoint or --instance the demo runs on a local fleet, and takes about 20 s.");
    app.add_option("--count", options->count, "Sessions")
        ->check(CLI::Range(1, 100).description(""))
        ->capture_default_str();
    app.add_option("--interval", options->interval,
                   "Time between starts, and between ends (default: 30, local fleet: 2)")
        ->check(at_least(0))
        ->type_name("SECONDS");
    app.add_option("--plateau", options->plateau,
                   "Time during which all are held (default: 300, local fleet: 4)")
        ->check(at_least(0))
        ->type_name("SECONDS");
    add_session_options(app, *options);
    add_local_fleet(app, local, options->where.worker_command);
    return [&app, &behind, options] {
        refuse_idle_fleet_options(app, options->where);
        refuse_command(behind);
        return run_demo(*options);
    };
}

action define_hold(CLI::App& app, const words& behind) {
    const auto options = std::make_shared<hold_options>();
    app.footer(
        "nullworker hold -- CMD …  runs CMD while the session is held and passes on its exit code. CMD "
        "finds\n"
        "the session in NULLWORKER_SESSION_ID and its worker in NULLWORKER_WORKER_URL.");
    app.add_option("--hold", options->hold, "How long (default: until Ctrl-C, or until CMD ends)")
        ->check(at_least(0))
        ->type_name("SECONDS");
    add_session_options(app, *options);
    add_local_fleet(app, options->where.fleet, options->where.worker_command);
    return [&app, &behind, options] {
        refuse_idle_fleet_options(app, options->where);
        if (options->hold && !behind.empty())
            throw startup_error("--hold and a command exclude each other: the command says how long");
        options->command = behind;
        return run_hold(*options);
    };
}

action define_follow(CLI::App& app, const words& behind) {
    const auto options = std::make_shared<follow_options>();
    app.footer(
        "CMD is a line of shell that prints how much work is unfinished: what waits and what is being done. "
        "Numbers\n"
        "on several lines are added up: printf 'llen jobs\\nllen working\\n' | redis-cli\n"
        "More work opens sessions at once. Less work closes them, the youngest first, once it has been less "
        "for the\n"
        "whole of the hysteresis. A session that its consumer releases makes room by itself. While CMD "
        "fails,\n"
        "everything stays as it is. A signal ends the sessions, and the exit code is 0 if that worked.");
    app.add_option("--depth", options->depth, "Command that prints how much work there is; required")
        ->type_name("CMD")
        ->required();
    app.add_option("--min", options->least, "Sessions kept open without any work")
        ->check(CLI::Range(0, 1000).description(""))
        ->capture_default_str();
    app.add_option("--max", options->most, "Most sessions at once, each of which is a machine; required")
        ->check(CLI::Range(1, 1000).description(""))
        ->default_str("")
        ->required();
    add_seconds(app, "--hysteresis", options->hysteresis,
                "How long there must be less work before a session is closed");
    add_seconds(app, "--interval", options->interval, "Time between two runs of CMD")->check(at_least(0.05));
    add_seconds(app, "--depth-timeout", options->depth_timeout, "Longest time for one run of CMD")
        ->check(at_least(0.01));
    add_seconds(app, "--patience", options->patience,
                "How long a worker may be out of reach before another session takes its place");
    add_session_options(app, *options);
    add_local_fleet(app, options->where.fleet, options->where.worker_command);
    return [&app, &behind, options] {
        refuse_idle_fleet_options(app, options->where);
        refuse_command(behind);
        if (options->least > options->most)
            throw startup_error("--min is " + std::to_string(options->least) +
                                ", more than --max, which is " + std::to_string(options->most));
        return run_follow(*options);
    };
}

void add_scaling(CLI::App& app, fleet::parameters& scaling) {
    app.add_option("--target-util", scaling.target_util, "Capacity wanted = load / this")
        ->check(CLI::Range(0.01, 1.0).description(""))
        ->capture_default_str();
    app.add_option("--min-load", scaling.min_load, "Load to be ready for when there is none")
        ->check(at_least(0))
        ->capture_default_str();
    app.add_option("--cold-workers", scaling.cold_workers,
                   "Stopped workers kept, which start without a delay")
        ->capture_default_str();
    app.add_option("--max-workers", scaling.max_workers, "Most workers at once")
        ->check(CLI::Range(1, 100).description(""))
        ->capture_default_str();
    add_seconds(app, "--max-queue-time", scaling.max_queue_time,
                "A worker with at least this implied queue (its load / max_perf) gets no request");
    add_seconds(app, "--target-queue-time", scaling.target_queue_time,
                "Workers with at most this implied queue are preferred");
    add_seconds(app, "--inactivity-timeout", scaling.inactivity_timeout,
                "An idle worker is stopped after this");
    add_seconds(app, "--error-timeout", scaling.error_timeout,
                "A worker that reports an error for so long is replaced");
    add_seconds(app, "--start-delay", scaling.start_delay, "Stands for renting and booting a machine");
}

action define_fleet(CLI::App& app, const words&) {
    const auto options = std::make_shared<fleet_command_options>();
    app.footer(
        "Serves the autoscaler's and the console's routes on 127.0.0.1, so that `nullworker demo --instance "
        "local`\n"
        "and, with its URLs, the official Python SDK work against it. Left out: prices, offers, "
        "machine\n"
        "failures, rolling averages and forecasts; Vast's own algorithm is not public.");
    app.add_option("--port", options->fleet.port, "Port on 127.0.0.1 (0: any free one)")
        ->capture_default_str();
    app.add_option("--endpoint", options->fleet.endpoint_name, "Name of the endpoint")->capture_default_str();
    app.add_option("--endpoint-key", options->fleet.endpoint_key,
                   "Key that routes to it (default: a random one)");
    app.add_option("--api-key", options->fleet.account_key, "Account key to insist on (default: any)");
    add_scaling(app, options->fleet.scaling);
    add_local_fleet(app, options->fleet, options->worker_command);
    app.add_option("--consumer", options->consumer_command,
                   "Shell command that runs beside each worker, in the same environment: NULL_CONTROL_PORT "
                   "is its control "
                   "port (default: none)")
        ->type_name("CMD");
    app.add_option("--log-dir", options->log_dir,
                   "Folder for the logs of workers and consumers, worker-<id>.log (default: none kept)")
        ->check(CLI::ExistingDirectory.description(""))
        ->type_name("DIR");
    app.add_flag("--json", options->json, "One JSON object an event");
    return [options] {
        options->output =
            options->log_dir.empty() ? fleet::worker_output::discard : fleet::worker_output::files;
        return run_fleet(*options);
    };
}

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
