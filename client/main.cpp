#include "demo.hpp"
#include "fleet_command.hpp"
#include "hold.hpp"
#include "runner.hpp"

#include <nullworker/base/error.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <csignal>
#include <exception>
#include <functional>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace nullworker;
using namespace nullworker::client;

constexpr const char* description =
    "nullworker reserves Vast.ai Serverless machines, one per unit of work, and shows the whole of it on "
    "one\n"
    "machine: `nullworker demo` needs nothing but this program and nullworkerd.";

constexpr const char* footer =
    "Exit codes: 0 done, 1 a session could not be held or released, 2 wrong usage or cannot start,\n"
    "128+N interrupted by signal N (open sessions are ended first; a second signal ends at once).";

// Unlike CLI::Range it refuses NaN.
CLI::Validator at_least(double least) {
    return CLI::Validator(
        [least](std::string& text) {
            double value = 0;
            const bool inside = CLI::detail::lexical_cast(text, value) && value >= least && value <= 1e8;
            return inside ? std::string()
                          : text + " is not a number from " + CLI::detail::to_string(least) + " to 1e8";
        },
        "");
}

// What stands behind `--` is another program's command line, and none of ours to read.
std::vector<std::string> cut_command(int& argc, char** argv) {
    std::vector<std::string> command;
    const auto end = argv + argc;
    const auto dashes =
        std::find_if(argv, end, [](const char* word) { return std::string_view(word) == "--"; });
    if (dashes != end) {
        command.assign(dashes + 1, end);
        argc = static_cast<int>(dashes - argv);
    }
    return command;
}

// Seconds of the wire, as an option.
CLI::Option* add_seconds(CLI::App* app, const char* name, seconds& target, const char* help) {
    return app
        ->add_option_function<double>(
            name, [&target](double value) { target = seconds(value); }, help)
        ->check(at_least(0))
        ->default_str(CLI::detail::to_string(target.count()))
        ->type_name("SECONDS");
}

void add_scaling(CLI::App* app, fleet::parameters& scaling) {
    app->add_option("--target-util", scaling.target_util, "Capacity wanted = load / this")
        ->check(CLI::Range(0.01, 1.0).description(""))
        ->capture_default_str();
    app->add_option("--min-load", scaling.min_load, "Load to be ready for when there is none")
        ->check(at_least(0))
        ->capture_default_str();
    app->add_option("--cold-workers", scaling.cold_workers,
                    "Stopped workers kept, which start without a delay")
        ->capture_default_str();
    app->add_option("--max-workers", scaling.max_workers, "Most workers at once")
        ->check(CLI::Range(1, 100).description(""))
        ->capture_default_str();
    add_seconds(app, "--max-queue-time", scaling.max_queue_time,
                "A worker with at least this implied queue (its load / max_perf) gets no request");
    add_seconds(app, "--target-queue-time", scaling.target_queue_time,
                "Workers with at most this implied queue are preferred");
    add_seconds(app, "--inactivity-timeout", scaling.inactivity_timeout,
                "An idle worker is stopped after this");
    add_seconds(app, "--start-delay", scaling.start_delay, "Stands for renting and booting a machine");
}

void add_local_fleet(CLI::App* app, fleet::fleet_options& options, std::string& worker_command) {
    app->add_option("--worker-port", options.worker_base_port,
                    "Worker k uses this port + 10 k, and the two behind it for webhook and control")
        ->check(CLI::Range(1, 60000).description(""))
        ->capture_default_str();
    app->add_option("--worker", worker_command,
                    "Shell command that runs a worker, which finds all it needs in its environment "
                    "(default: the nullworkerd beside this program)")
        ->type_name("CMD");
}

// The venue and the numbers that demo and hold share.
template <class Options>
void add_session_options(CLI::App* app, Options& options) {
    app->group("Commands");
    auto& where = options.where;
    app->add_option("--endpoint", where.endpoint,
                    "Endpoint to use (default: a local fleet started just for this)")
        ->type_name("NAME")
        ->group("Where");
    app->add_option("--instance", where.instance,
                    "Autoscaler to use: prod, alpha, candidate, or a running fleet: local")
        ->check(CLI::IsMember({"prod", "alpha", "candidate", "local"}).description(""))
        ->type_name("INSTANCE")
        ->group("Where");
    app->add_option("--autoscaler-url", where.autoscaler, "Autoscaler at another address")->group("Where");
    app->add_option("--console-url", where.console, "Console at another address")->group("Where");
    app->add_option("--api-key", where.account_key,
                    "Key of the account that owns the endpoint; better set as the variable")
        ->envname("VAST_API_KEY")
        ->group("Where");
    app->add_option("--session-cost", options.session_cost, "Load that one session stands for")
        ->check(at_least(0.001))
        ->capture_default_str();
    app->add_option("--lifetime", options.lifetime,
                    "Lifetime of a session (default: what the run needs plus a minute, renewed in time)")
        ->check(at_least(0.001))
        ->type_name("SECONDS");
    app->add_option("--timeout", options.timeout,
                    "Longest time for one reservation (default: 1800, local fleet: 60)")
        ->check(at_least(0.1))
        ->type_name("SECONDS");
    app->add_flag("--json", options.json, "One JSON object an event");
}

CLI::App* add_demo(CLI::App& app, demo_options& options) {
    auto* demo = app.add_subcommand("demo", "Reserve sessions one after the other, hold them, release them");
    demo->footer("Without --endpoint or --instance the demo runs on a local fleet, and takes about 20 s.");
    demo->add_option("--count", options.count, "Sessions")
        ->check(CLI::Range(1, 100).description(""))
        ->capture_default_str();
    demo->add_option("--interval", options.interval,
                     "Time between starts, and between ends (default: 30, local fleet: 2)")
        ->check(at_least(0))
        ->type_name("SECONDS");
    demo->add_option("--plateau", options.plateau,
                     "Time during which all are held (default: 300, local fleet: 4)")
        ->check(at_least(0))
        ->type_name("SECONDS");
    add_session_options(demo, options);
    return demo;
}

CLI::App* add_hold(CLI::App& app, hold_options& options) {
    auto* hold = app.add_subcommand("hold", "Hold one session for some time, or while a command runs");
    hold->footer(
        "nullworker hold -- CMD …  runs CMD while the session is held and passes on its exit code. CMD "
        "finds\n"
        "the session in NULLWORKER_SESSION_ID and its worker in NULLWORKER_WORKER_URL.");
    hold->add_option("--hold", options.hold, "How long (default: until Ctrl-C, or until CMD ends)")
        ->check(at_least(0))
        ->type_name("SECONDS");
    add_session_options(hold, options);
    return hold;
}

CLI::App* add_fleet(CLI::App& app, fleet_command_options& options) {
    auto* fleet = app.add_subcommand("fleet", "Run a local stand-in for the autoscaler, with real workers");
    fleet->group("Commands");
    fleet->footer(
        "Serves the autoscaler's and the console's routes on 127.0.0.1, so that `nullworker demo --instance "
        "local`\n"
        "and the official Python SDK (instance=\"local\") work against it. Left out: prices, offers, "
        "machine\n"
        "failures, rolling averages and forecasts; Vast's own algorithm is not public.");
    fleet->add_option("--port", options.fleet.port, "Port on 127.0.0.1 (0: any free one)")
        ->capture_default_str();
    fleet->add_option("--endpoint", options.fleet.endpoint_name, "Name of the endpoint")
        ->capture_default_str();
    fleet->add_option("--endpoint-key", options.fleet.endpoint_key,
                      "Key that routes to it (default: a random one)");
    fleet->add_option("--api-key", options.fleet.account_key, "Account key to insist on (default: any)");
    add_scaling(fleet, options.fleet.scaling);
    add_local_fleet(fleet, options.fleet, options.worker_command);
    fleet
        ->add_option("--log-dir", options.log_dir,
                     "Folder for the workers' logs, worker-<id>.log (default: none kept)")
        ->check(CLI::ExistingDirectory.description(""))
        ->type_name("DIR");
    fleet->add_flag("--json", options.json, "One JSON object an event");
    return fleet;
}

// Options that would have no effect are an error.
void check_usage(const CLI::App* command, const session_options& options,
                 const std::vector<std::string>& behind, bool takes_command) {
    if (!command->parsed())
        return;
    for (const auto* flag : {"--worker", "--worker-port"})
        if (!options.where.is_local() && command->get_option(flag)->count() > 0)
            throw startup_error(std::string(flag) +
                                " is for the local fleet, and there is none with an endpoint");
    if (!behind.empty() && !takes_command)
        throw startup_error("a command behind -- is for `nullworker hold`");
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{description, "nullworker"};
    app.set_version_flag("--version", "nullworker " NULLWORKER_VERSION);
    app.require_subcommand(1);
    app.footer(footer);
    app.get_formatter()->column_width(34);
    std::signal(SIGPIPE, SIG_IGN);  // sessions are ended even when nobody reads what is shown
    demo_options demo;
    hold_options hold;
    hold.command = cut_command(argc, argv);
    fleet_command_options fleet;
    demo.where.fleet.scaling.inactivity_timeout = seconds(2);
    demo.where.fleet.scaling.start_delay = seconds(0.5);
    const std::pair<CLI::App*, std::function<int()>> commands[] = {
        {add_demo(app, demo), [&] { return run_demo(demo); }},
        {add_hold(app, hold), [&] { return run_hold(hold); }},
        {add_fleet(app, fleet),
         [&] {
             fleet.output =
                 fleet.log_dir.empty() ? fleet::worker_output::discard : fleet::worker_output::files;
             return run_fleet(fleet);
         }},
    };
    add_local_fleet(commands[0].first, demo.where.fleet, demo.where.worker_command);
    add_local_fleet(commands[1].first, hold.where.fleet, hold.where.worker_command);
    try {
        app.parse(argc, argv);
        check_usage(commands[0].first, demo, hold.command, false);
        check_usage(commands[1].first, hold, hold.command, true);
        if (hold.hold && !hold.command.empty())
            throw startup_error("--hold and a command exclude each other: the command says how long");
        for (const auto& [command, work] : commands)
            if (command->parsed())
                return work();
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? exit_done : exit_usage;
    } catch (const startup_error& e) {
        std::cerr << "nullworker: " << e.what() << std::endl;
        return exit_usage;
    } catch (const std::exception& e) {
        std::cerr << "nullworker: unexpected error, please report it: " << e.what() << std::endl;
        return exit_failed;
    }
    return exit_usage;
}
