#include <commands/common_options.hpp>
#include <commands/fleet.hpp>
#include <fleet/fleet.hpp>
#include <fleet/process_launcher.hpp>
#include <nullworker/base/task_group.hpp>
#include <terminal/progress.hpp>
#include <terminal/redrawing.hpp>
#include <terminal/runner.hpp>
#include <vast/venue.hpp>

#include <array>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

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

const char* name_of(const fleet::worker_event&) {
    return "worker";
}

const char* name_of(const fleet::request_event&) {
    return "request";
}

std::vector<progress::field> fields_of(const fleet::worker_event& happened) {
    return {{"worker", happened.worker},
            {"from", happened.from ? to_string(*happened.from) : ""},
            {"to", to_string(happened.to)},
            {"why", happened.why}};
}

std::vector<progress::field> fields_of(const fleet::request_event& happened) {
    return {{"request_idx", happened.request_idx},
            {"what", to_string(happened.what)},
            {"worker", happened.worker}};
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
        show.tell("consumer", {{"worker", worker}, {"what", how}},
                  "worker " + std::to_string(worker) + ": its consumer " + how);
    };
    fleet::fleet machines(executor, options.fleet,
                          std::make_unique<fleet::process_launcher>(executor, std::move(processes)));
    machines.on_event([&](const fleet::event& happened) {
        std::visit([&show](const auto& what) { show.tell(name_of(what), fields_of(what), described(what)); },
                   happened);
        show.workers(by_name(machines.counts()));
    });
    machines.start();
    show.tell("fleet",
              {{"url", machines.url()},
               {"endpoint", machines.endpoint_name()},
               {"roots_file", machines.roots_file()},
               {"page", machines.page()}},
              "autoscaler and console at " + machines.url() + ", endpoint " + machines.endpoint_name());
    if (!options.json)
        show.note("see it work: " + machines.page());
    if (!machines.roots_file().empty())
        show.note("clients trust it with SSL_CERT_FILE=" + machines.roots_file());
    task_group watching(executor);
    watching.spawn(keep_redrawn(show));
    co_await stop.wait_until(std::chrono::steady_clock::time_point::max());
    watching.cancel();
    co_await watching.join();
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

constexpr const char* fleet_footer =
    "Serves the autoscaler's and the console's routes on 127.0.0.1, so that `nullworker demo --instance "
    "local`\n"
    "and, with its URLs, the official Python SDK work against it. Left out: prices, offers, "
    "machine\n"
    "failures, rolling averages and forecasts; Vast's own algorithm is not public.";

std::optional<std::string> refuse_other_than_folder(const std::string& text) {
    std::error_code ignored;
    if (std::filesystem::is_directory(text, ignored))
        return std::nullopt;
    return (std::filesystem::exists(text, ignored) ? "Directory is actually a file: "
                                                   : "Directory does not exist: ") +
           text;
}

options::option_group endpoint_rows(fleet::fleet_options& to) {
    return {.options = {{.name = "port", .target = &to.port, .help = "Port on 127.0.0.1 (0: any free one)"},
                        {.name = "endpoint", .target = &to.endpoint_name, .help = "Name of the endpoint"},
                        {.name = "endpoint-key",
                         .target = &to.endpoint_key,
                         .default_words = "a random one",
                         .secret = true,
                         .help = "Key that routes to it"},
                        {.name = "api-key",
                         .target = &to.account_key,
                         .default_words = "any",
                         .secret = true,
                         .help = "Account key to insist on"}}};
}

// Sets all parameters at once; the rows behind it change single ones.
options::word_target preset(fleet::parameters& to) {
    struct meaning {
        const char* word;
        fleet::parameters (*make)();
    };
    static constexpr std::array meanings = {
        meaning{"recommended", [] { return fleet::parameters(); }},
        meaning{"console", fleet::console_defaults},
        meaning{"command-line", fleet::command_line_defaults},
    };
    options::word_target out;
    for (const auto& one : meanings)
        out.words.emplace_back(one.word);
    out.choose = [&to](std::size_t place) { to = meanings.at(place).make(); };
    out.chosen = [] { return std::size_t{0}; };
    return out;
}

options::option_group scaling_rows(fleet::parameters& to) {
    return {
        .options = {
            {.name = "parameters",
             .target = preset(to),
             .help = "Those that nothing else is said of: what sessions need, or what Vast's console or its "
                     "command line gives to a new endpoint"},
            {.name = "target-util",
             .target = &to.target_util,
             .least = 0.01,
             .most = 1,
             .help = "Capacity wanted = load / this"},
            {.name = "min-load",
             .target = &to.min_load,
             .least = 0,
             .most = most_of_all,
             .help = "Load to be ready for when there is none"},
            {.name = "cold-workers",
             .target = &to.cold_workers,
             .help = "Stopped workers kept, which start without a delay"},
            {.name = "min-cold-load",
             .target = &to.min_cold_load,
             .least = 0,
             .most = most_of_all,
             .help = "Told to clients, and without effect here"},
            {.name = "cold-mult",
             .target = &to.cold_mult,
             .least = 0,
             .most = most_of_all,
             .help = "Told to clients, and without effect here"},
            {.name = "max-workers",
             .target = &to.max_workers,
             .least = 0,
             .most = fleet::most_workers,
             .help = "Most workers at once; each takes 10 ports, and there are ports for 500"},
            {.name = "max-queue-time",
             .target = &to.max_queue_time,
             .least = 0,
             .most = most_of_all,
             .help = "A worker with at least this implied queue (its load / max_perf) gets no request"},
            {.name = "target-queue-time",
             .target = &to.target_queue_time,
             .least = 0,
             .most = most_of_all,
             .help = "Workers with at most this implied queue are preferred"},
            {.name = "inactivity-timeout",
             .target = &to.inactivity_timeout,
             .least = -1,
             .most = most_of_all,
             .help = "An idle worker is stopped after this; -1: the last one is not"},
            {.name = "error-timeout",
             .target = &to.error_timeout,
             .least = 0,
             .most = most_of_all,
             .help = "A worker that reports an error for so long is replaced"},
            {.name = "start-delay",
             .target = &to.start_delay,
             .least = 0,
             .most = most_of_all,
             .help = "Stands for renting and booting a machine"}}};
}

options::option_group account_rows(fleet::account_facts& to) {
    return {.options = {{.name = "credit",
                         .target = &to.credit,
                         .least = -most_of_all,
                         .most = most_of_all,
                         .help = "Dollars that the account has; told to clients, and without effect here"},
                        {.name = "workergroups",
                         .target = &to.workergroups,
                         .least = 0,
                         .most = 100,
                         .help = "How many the endpoint has; told to clients, and without effect here"},
                        {.name = "test-workers",
                         .target = &to.test_workers,
                         .least = 0,
                         .most = 100,
                         .help = "What each of them has set; told to clients, and without effect here"}}};
}

options::option_group process_rows(fleet_command_options& to) {
    return {.options = {{.name = "consumer",
                         .target = &to.consumer_command,
                         .value_name = "CMD",
                         .default_words = "none",
                         .help = "Shell command that runs beside each worker, in the same environment: "
                                 "NULL_CONTROL_PORT is its control port"},
                        {.name = "log-dir",
                         .target = &to.log_dir,
                         .refuse = refuse_other_than_folder,
                         .kind = options::value_kind::directory,
                         .default_words = "none kept",
                         .help = "Folder for the logs of workers and consumers, worker-<id>.log"},
                        {.name = "price",
                         .target = &to.fleet.price,
                         .least = 0,
                         .most = 1e6,
                         .value_name = "DOLLARS",
                         .default_words = "none: nothing is said of dollars",
                         .help = "What a worker is taken to cost an hour; told by the page and to clients"},
                        json_events_row(to.json)}};
}

}  // namespace

subcommand fleet_command() {
    const auto to = std::make_shared<fleet_command_options>();
    return {.table = {.name = "fleet",
                      .summary = "Run a local stand-in for the autoscaler, with real workers",
                      .footer = fleet_footer,
                      .groups = {endpoint_rows(to->fleet), scaling_rows(to->fleet.scaling),
                                 account_rows(to->fleet.account),
                                 local_fleet_rows(to->fleet, to->worker_command), process_rows(*to)}},
            .run = [to](const options::reading&, const words&) {
                to->output =
                    to->log_dir.empty() ? fleet::worker_output::discard : fleet::worker_output::files;
                return run_fleet(*to);
            }};
}

}  // namespace nullworker::client
