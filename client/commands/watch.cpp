#include <commands/common_options.hpp>
#include <commands/watch.hpp>
#include <commands/watch_run.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/net/loopback_place.hpp>
#include <terminal/runner.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace nullworker::client {
namespace {

constexpr const char* watch_footer =
    "It asks Vast again and again for the endpoint's parameters and workers, less often where it is told to, "
    "and\n"
    "reads which sessions a `nullworker follow` on this machine holds. It changes nothing. A worker with\n"
    "load and no such session is taken by others. What nobody tells is shown as unknown.\n"
    "With --serve a browser on this machine shows all of it. In a pipe there is a line for each change, and\n"
    "with --json an object, as the page gets them: the first has everything, the others what changed.";

struct watch_words {
    watch_options how;
    std::string serve;
};

std::vector<options::option> watch_rows(watch_words& to) {
    return {
        {.name = "serve",
         .target = &to.serve,
         .refuse = net::refuse_other_than_loopback,
         .value_name = "ADDR:PORT",
         .default_words = "nowhere",
         .help = "Where a browser on this machine finds the page, as 127.0.0.1:8090 (port 0: any free one)"},
        {.name = "every",
         .target = &to.how.every,
         .least = 1,
         .most = 3600,
         .help = "Time between two questions for workers and parameters; longer while Vast refuses or fails"},
        {.name = "price",
         .target = &to.how.price,
         .least = 0,
         .most = 1e6,
         .value_name = "DOLLARS",
         .default_words = "what the account's instances cost, where its key may read that",
         .help = "What a worker costs an hour, where nothing else is known of it"},
        {.name = "state",
         .target = &to.how.state,
         .value_name = "FILE",
         .default_words = "as follow has it: below $XDG_STATE_HOME or ~/.local/state",
         .help = "File in which `nullworker follow` keeps its sessions"},
        {.name = "tls",
         .target = options::between(to.how.where.fleet.over, fleet::transport::http, fleet::transport::https),
         .help = "The running fleet of --instance local speaks HTTPS"},
        {.name = "json", .target = &to.how.json, .help = "One JSON object a change"}};
}

options::option_group watched_endpoint_rows(venue_options& to) {
    auto out = venue_rows(to);
    out.options.front().default_words = "none; that of a running fleet with --instance local";
    return out;
}

void refuse_nonsense(const options::reading& found, const watch_options& how) {
    const auto& where = how.where;
    if (where.is_local())
        throw startup_error(
            "--endpoint is missing: the endpoint to watch, or --instance local for a running fleet");
    const bool at_urls = !where.autoscaler.empty() || !where.console.empty();
    if (found.by_flag("tls") && (where.instance != "local" || at_urls))
        throw startup_error("--tls is for --instance local; everywhere else the URL says it");
}

}  // namespace

subcommand watch_command() {
    const auto to = std::make_shared<watch_words>();
    return {.table = {.name = "watch",
                      .summary = "Show an endpoint's workers and sessions, live",
                      .footer = watch_footer,
                      .groups = {{.options = watch_rows(*to)}, watched_endpoint_rows(to->how.where)}},
            .run = [to](const options::reading& found, const words& behind) {
                refuse_command(behind);
                refuse_nonsense(found, to->how);
                if (!to->serve.empty())
                    to->how.serve = net::parse_loopback_place(to->serve);
                command work = [to](asio::any_io_executor executor,
                                    interruption& stop) -> asio::awaitable<int> {
                    co_return co_await run_watch(std::move(executor), to->how, stop);
                };
                return run(std::move(work), on_signal::exit_128);
            }};
}

}  // namespace nullworker::client
