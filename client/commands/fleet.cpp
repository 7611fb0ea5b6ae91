#include <commands/fleet.hpp>
#include <terminal/progress.hpp>
#include <terminal/runner.hpp>
#include <vast/venue.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <utility>
#include <variant>

namespace nullworker::client {
namespace {

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

}  // namespace

int run_fleet(const fleet_command_options& options) {
    const int code =
        run([&options](asio::any_io_executor executor, interruption& stop) -> asio::awaitable<int> {
            return serve(std::move(executor), options, stop);
        });
    return code >= 128 ? exit_done : code;  // a signal is how a fleet is meant to end
}

}  // namespace nullworker::client
