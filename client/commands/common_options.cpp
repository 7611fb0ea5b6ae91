#include <commands/common_options.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/base/url.hpp>

#include <optional>
#include <utility>

namespace nullworker::client {
options::option_group venue_rows(venue_options& to) {
    return {"Where",
            {{.name = "endpoint",
              .target = &to.endpoint,
              .value_name = "NAME",
              .default_words = "a local fleet started just for this",
              .help = "Endpoint to use"},
             {.name = "instance",
              .target = options::one_of(to.instance, {"prod", "alpha", "candidate", "local"}),
              .help = "Autoscaler to use; local is a running fleet"},
             {.name = "autoscaler-url", .target = &to.autoscaler, .help = "Autoscaler at another address"},
             {.name = "console-url", .target = &to.console, .help = "Console at another address"},
             {.name = "api-key",
              .variable = "VAST_API_KEY",
              .target = &to.account_key,
              .secret = true,
              .help = "Key of the account that owns the endpoint; better set as the variable"}}};
}

namespace {

std::optional<std::string> refuse_other_than_route(const std::string& text) {
    const bool route =
        text.starts_with('/') ? parse_url("http://consumer" + text).has_value() : parse_url(text).has_value();
    return route ? std::nullopt
                 : std::optional<std::string>(
                       "must be a path that begins with /, or a URL: http://… or https://…");
}

options::option_group session_number_rows(session_options& to) {
    return {
        .options = {{.name = "session-cost",
                     .target = &to.session_cost,
                     .least = 0.001,
                     .most = most_of_all,
                     .help = "Load that one session stands for"},
                    {.name = "lifetime",
                     .target = &to.lifetime,
                     .least = 0.001,
                     .most = most_of_all,
                     .default_words = "as long as the run needs, at least a minute",
                     .help = "Lifetime of a session, which is renewed in time"},
                    {.name = "timeout",
                     .target = &to.timeout,
                     .least = 0.1,
                     .most = most_of_all,
                     .default_words = "1800, local fleet: 60",
                     .help = "Longest time for one reservation, and to find the endpoint"},
                    {.name = "poll-interval",
                     .target = &to.poll_interval,
                     .least = 0.01,
                     .most = most_of_all,
                     .help = "Longest pause before the autoscaler is asked again for a worker"},
                    {.name = "route-rate",
                     .target = &to.where.route_rate,
                     .least = 0.1,
                     .most = 100'000,
                     .default_words = "20, local: without a limit",
                     .help = "Most calls of /route/ a second, of all sessions together; where that is too "
                             "few for all to be asked for within their minute, some begin later"},
                    {.name = "on-close",
                     .target = &to.on_close,
                     .refuse = refuse_other_than_route,
                     .value_name = "ROUTE",
                     .default_words = "none",
                     .help = "What the worker posts to when the session ends: a path of its consumer, or "
                             "a URL"},
                    {.name = "on-close-payload",
                     .target = &to.on_close_payload,
                     .value_name = "JSON",
                     .default_words = "none",
                     .help = "What it posts there"},
                    json_events_row(to.json)}};
}

}  // namespace

std::vector<options::option_group> session_rows(std::vector<options::option> own, session_options& to) {
    return {{.options = std::move(own)},
            venue_rows(to.where),
            session_number_rows(to),
            local_fleet_rows(to.where.fleet, to.where.worker_command)};
}

options::option_group local_fleet_rows(fleet::fleet_options& to, std::string& worker_command) {
    return {
        .options = {
            {.name = "worker-port",
             .target = &to.worker_base_port,
             .least = 1,
             .most = 60000,
             .help = "Worker k uses this port + 10 k, and the two behind it for webhook and control"},
            {.name = "tls",
             .target = options::between(to.over, fleet::transport::http, fleet::transport::https),
             .help = "The local fleet and its workers speak HTTPS, with certificates that the fleet makes"},
            {.name = "worker",
             .target = &worker_command,
             .value_name = "CMD",
             .default_words = "the nullworkerd beside this program",
             .help = "Shell command that runs a worker, which finds all it needs in its environment"}}};
}

options::option json_events_row(bool& to) {
    return {.name = "json", .target = &to, .help = "One JSON object an event"};
}

options::option report_row(std::string& to) {
    return {.name = "report",
            .target = &to,
            .kind = options::value_kind::file,
            .value_name = "FILE",
            .default_words = "none",
            .help =
                "File for a page that shows what happened, written at the end: HTML that asks nobody for "
                "anything and can be sent to someone"};
}

void refuse_idle_fleet_options(const options::reading& found, const venue_options& where) {
    for (const auto* name : {"worker", "worker-port"})
        if (!where.is_local() && found.by_flag(name))
            throw startup_error(std::string("--") + name +
                                " is for the local fleet, and there is none with an endpoint");
    const bool at_urls = !where.autoscaler.empty() || !where.console.empty();
    if (!where.is_local() && (where.instance != "local" || at_urls) && found.by_flag("tls"))
        throw startup_error("--tls is for the local fleet; everywhere else the URL says it");
}

void refuse_command(const words& behind) {
    if (!behind.empty())
        throw startup_error("a command behind -- is for `nullworker work` and `nullworker hold`");
}

}  // namespace nullworker::client
