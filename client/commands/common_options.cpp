#include <commands/common_options.hpp>
#include <nullworker/base/error.hpp>

#include <CLI/CLI.hpp>

#include <utility>

namespace nullworker::client {

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

CLI::Option* add_seconds(CLI::App& app, const char* name, seconds& target, const char* help) {
    return app
        .add_option_function<double>(
            name, [&target](double value) { target = seconds(value); }, help)
        ->check(at_least(0))
        ->default_str(CLI::detail::to_string(target.count()))
        ->type_name("SECONDS");
}

CLI::Option* add_seconds(CLI::App& app, const char* name, std::optional<seconds>& target, const char* help,
                         CLI::Validator bounds) {
    return app
        .add_option_function<double>(
            name, [&target](double value) { target = seconds(value); }, help)
        ->check(std::move(bounds))
        ->type_name("SECONDS");
}

void add_venue(CLI::App& app, venue_options& where) {
    app.add_option("--endpoint", where.endpoint,
                   "Endpoint to use (default: a local fleet started just for this)")
        ->type_name("NAME")
        ->group("Where");
    app.add_option("--instance", where.instance, "Autoscaler to use; local is a running fleet")
        ->check(CLI::IsMember({"prod", "alpha", "candidate", "local"}).description(""))
        ->type_name("prod|alpha|candidate|local")
        ->group("Where");
    app.add_option("--autoscaler-url", where.autoscaler, "Autoscaler at another address")->group("Where");
    app.add_option("--console-url", where.console, "Console at another address")->group("Where");
    app.add_option("--api-key", where.account_key,
                   "Key of the account that owns the endpoint; better set as the variable")
        ->envname("VAST_API_KEY")
        ->group("Where");
}

void add_session_options(CLI::App& app, session_options& options) {
    add_venue(app, options.where);
    app.add_option("--session-cost", options.session_cost, "Load that one session stands for")
        ->check(at_least(0.001))
        ->capture_default_str();
    add_seconds(app, "--lifetime", options.lifetime,
                "Lifetime of a session, which is renewed in time (default: as long as the run needs, at "
                "least a minute)",
                at_least(0.001));
    add_seconds(app, "--timeout", options.timeout,
                "Longest time for one reservation (default: 1800, local fleet: 60)", at_least(0.1));
    app.add_flag("--json", options.json, "One JSON object an event");
}

void add_local_fleet(CLI::App& app, fleet::fleet_options& options, std::string& worker_command) {
    app.add_option("--worker-port", options.worker_base_port,
                   "Worker k uses this port + 10 k, and the two behind it for webhook and control")
        ->check(CLI::Range(1, 60000).description(""))
        ->capture_default_str();
    app.add_flag_callback(
        "--tls", [&options] { options.over = fleet::transport::https; },
        "The local fleet and its workers speak HTTPS, with certificates that the fleet makes");
    app.add_option("--worker", worker_command,
                   "Shell command that runs a worker, which finds all it needs in its environment "
                   "(default: the nullworkerd beside this program)")
        ->type_name("CMD");
}

void refuse_idle_fleet_options(const CLI::App& app, const venue_options& where) {
    for (const auto* flag : {"--worker", "--worker-port"})
        if (!where.is_local() && app.get_option(flag)->count() > 0)
            throw startup_error(std::string(flag) +
                                " is for the local fleet, and there is none with an endpoint");
    const bool at_urls = !where.autoscaler.empty() || !where.console.empty();
    if (!where.is_local() && (where.instance != "local" || at_urls) && app.count("--tls") > 0)
        throw startup_error("--tls is for the local fleet; everywhere else the URL says it");
}

void refuse_command(const words& behind) {
    if (!behind.empty())
        throw startup_error("a command behind -- is for `nullworker hold`");
}

}  // namespace nullworker::client
