#include <commands/common_options.hpp>
#include <commands/fleet.hpp>
#include <fleet/fleet.hpp>
#include <fleet/process_launcher.hpp>
#include <terminal/progress.hpp>
#include <terminal/runner.hpp>
#include <vast/venue.hpp>

#include <CLI/CLI.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <utility>
#include <variant>

namespace nullworker::client {
namespace {

struct fleet_command_options {
    fleet::fleet_options fleet;
    std::string worker_command;    // a line of shell; empty: the nullworkerd beside this program
    std::string consumer_command;  // a line of shell that runs beside each worker; empty: none
    fleet::worker_output output = fleet::worker_output::discard;
    std::string log_dir;
    bool json = false;
};

std::string described(const fleet::worker_event& happened) {
    std::string text = "worker " + std::to_string(happened.worker) + ": ";
    if (happened.from)
        text += std::string(to_string(*happened.from)) + " → ";
    text += to_string(happened.to);
    return happened.why.empty() ? text : text + "  (" + happened.why + ")";
}

std::string described(const fleet::request_event& happened) {
    std::string text = "request " + std::to_string(happened.request_idx) + ": " + to_string(happened.what);
    return happened.worker == 0 ? text : text + "  worker " + std::to_string(happened.worker);
}

std::map<std::string, int> by_name(const fleet::state_counts& counts) {
    std::map<std::string, int> out;
    for (const auto& [state, count] : counts)
        out[to_string(state)] = static_cast<int>(count);
    return out;
}

asio::awaitable<int> serve(asio::any_io_executor executor, const fleet_command_options& options,
                           interruption& stop) {
    auto command = options.worker_command.empty() ? default_worker_command()
                                                  : fleet::shell_command(options.worker_command);
    progress show(stdout, options.json ? progress::form::json : progress::form::lines, 0);
    fleet::process_options processes{
        .command = std::move(command), .output = options.output, .log_dir = options.log_dir};
    if (!options.consumer_command.empty())
        processes.consumer = fleet::shell_command(options.consumer_command);
    processes.on_consumer_exit = [&show](std::int64_t worker, const std::string& how) {
        show.note("worker " + std::to_string(worker) + ": its consumer " + how);
    };
    fleet::fleet machines(executor, options.fleet,
                          std::make_unique<fleet::process_launcher>(executor, std::move(processes)));
    machines.on_event([&](const fleet::event& happened) {
        show.note(std::visit([](const auto& what) { return described(what); }, happened));
        show.workers(by_name(machines.counts()));
    });
    machines.start();
    show.note("autoscaler and console at " + machines.url() + ", endpoint " + machines.endpoint_name());
    if (!machines.roots_file().empty())
        show.note("clients trust it with SSL_CERT_FILE=" + machines.roots_file());
    co_await stop.wait_until(std::chrono::steady_clock::time_point::max());
    show.note("stopping the workers");
    co_await machines.stop();
    co_return exit_done;
}

int run_fleet(const fleet_command_options& options) {
    const int code =
        run([&options](asio::any_io_executor executor, interruption& stop) -> asio::awaitable<int> {
            return serve(std::move(executor), options, stop);
        });
    return code >= 128 ? exit_done : code;  // a signal is how a fleet is meant to end
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

}  // namespace

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

}  // namespace nullworker::client
