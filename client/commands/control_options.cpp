#include <commands/common_options.hpp>
#include <commands/control.hpp>
#include <commands/control_options.hpp>
#include <nullworker/base/environment.hpp>
#include <nullworker/base/error.hpp>

#include <CLI/CLI.hpp>

#include <limits>
#include <memory>

namespace nullworker::client {
namespace {

using words = std::vector<std::string>;

constexpr const char* port_variable = "NULL_CONTROL_PORT";
constexpr const char* socket_variable = "NULLWORKER_CONTROL_SOCKET";

// The variables are read by hand: a flag for the one beats the variable for the other.
void add_control(CLI::App& app, control_options& options) {
    app.add_option("--control-port", options.port,
                   "Control port of the nullworkerd on this machine (Env:NULL_CONTROL_PORT)")
        ->check(CLI::Range(1, 65535).description(""))
        ->capture_default_str();
    app.add_option("--control-socket", options.socket,
                   "Its Unix socket, asked instead of the port (Env:NULLWORKER_CONTROL_SOCKET)")
        ->type_name("FILE");
    auto* json = app.add_flag("--json", options.json, "Print the answer as it came");
    app.add_option("--field", options.field, "Print one member of the answer alone, such as health.state")
        ->type_name("NAME")
        ->excludes(json);
}

// Throws startup_error for a variable that makes no sense.
void read_environment(const CLI::App& app, control_options& options) {
    if (app.get_option("--control-port")->count() > 0 || app.get_option("--control-socket")->count() > 0)
        return;
    if (const char* path = environment(socket_variable)) {
        options.socket = path;
    } else if (const char* port = environment(port_variable)) {
        if (!CLI::detail::lexical_cast(std::string(port), options.port) || options.port == 0)
            throw startup_error(std::string(port_variable) + " is '" + port +
                                "'; it must be a port, 1 to 65535");
    }
}

void add_claim(CLI::App& app, claim_options& options, const char* help) {
    app.add_option("--session", options.session_id, help)->type_name("ID");
}

// A subcommand whose options are read into `options`.
template <class Options>
action performing(const CLI::App& app, std::shared_ptr<Options> options, const words& behind,
                  int (*run)(const Options&)) {
    return [&app, options, &behind, run] {
        refuse_command(behind);
        read_environment(app, *options);
        return run(*options);
    };
}

}  // namespace

action define_status(CLI::App& app, const words& behind) {
    const auto options = std::make_shared<control_options>();
    add_control(app, *options);
    app.footer("The exit code is 1 while something is wrong, so it can be a container's health check.");
    return performing(app, options, behind, run_status);
}

action define_session(CLI::App& app, const words& behind) {
    const auto options = std::make_shared<control_options>();
    add_control(app, *options);
    return performing(app, options, behind, run_session);
}

action define_wait(CLI::App& app, const words& behind) {
    const auto options = std::make_shared<wait_options>();
    add_control(app, *options);
    app.add_option(
           "--since", options->since,
           "Generation that you have seen: what is there now counts if it is another one. 0 stands for no "
           "session")
        ->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()).description(""))
        ->type_name("GENERATION")
        ->capture_default_str();
    app.add_option("--timeout", options->timeout, "Longest time to wait (default: for ever)")
        ->check(at_least(0))
        ->type_name("SECONDS");
    app.footer(
        "Without --since it waits until the worker is reserved. `nullworker wait --since 7` waits until "
        "session\n"
        "number 7 is over. The exit code is 1 when the time is up first, and 3 when no nullworkerd has "
        "answered for\n"
        "30 s.");
    return performing(app, options, behind, run_wait);
}

action define_renew(CLI::App& app, const words& behind) {
    const auto options = std::make_shared<renew_options>();
    app.add_option("lifetime", options->lifetime, "How long the session is to last from now on")
        ->check(at_least(0.001))
        ->type_name("SECONDS")
        ->required();
    add_claim(app, *options, "Session that is meant: another one is not renewed");
    add_control(app, *options);
    return performing(app, options, behind, run_renew);
}

action define_release(CLI::App& app, const words& behind) {
    const auto options = std::make_shared<claim_options>();
    add_claim(app, *options, "Session that is meant: another one is not released");
    add_control(app, *options);
    app.footer("Name the session: a release that comes late must not free the next one.");
    return performing(app, options, behind, run_release);
}

action define_heartbeat(CLI::App& app, const words& behind) {
    const auto options = std::make_shared<control_options>();
    add_control(app, *options);
    app.footer("To be called by the consumer itself, so that it stops when the consumer hangs.");
    return performing(app, options, behind, run_heartbeat);
}

}  // namespace nullworker::client
