#include <commands/common_options.hpp>
#include <commands/follow.hpp>
#include <commands/follow_rehearsal.hpp>
#include <commands/follow_run.hpp>
#include <commands/report_file.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/net/loopback_place.hpp>

#include <memory>
#include <string>
#include <vector>

namespace nullworker::client {
namespace {

constexpr const char* follow_footer =
    "CMD is a line of shell that prints how much work is unfinished: what waits and what is being done.\n"
    "`nullworker depth` does that for the usual queues: 'nullworker depth redis env:REDIS_URL jobs\n"
    "working'. Numbers on several lines are added up. What CMD says on standard error is shown once.\n"
    "More work opens sessions at once. Less work gives back those in which no job is protected, the\n"
    "youngest first, once it has been less for the whole of the hysteresis. A session that its consumer\n"
    "releases makes room by itself, and at once for the next one, unless it says that it found no job\n"
    "(release --idle). While CMD fails, everything stays as it is. A signal retires the\n"
    "sessions: each ends when its job is done. The exit code is 0 if all have heard of it.\n"
    "The sessions are kept in a file, and a follow that is started again goes on with them. A second one\n"
    "with the same CMD stands by until the first one ends.";

std::vector<options::option> own_rows(follow_options& to) {
    return {
        {.name = "depth",
         .target = &to.depth.line,
         .value_name = "CMD",
         .must_be_passed = true,
         .help = "Command that prints how much work there is"},
        {.name = "min",
         .target = &to.least,
         .least = 0,
         .most = 100'000,
         .help = "Sessions kept open without any work"},
        {.name = "max",
         .target = &to.most,
         .least = 1,
         .most = 100'000,
         .must_be_passed = true,
         .help = "Most sessions at once, each of which is a machine"},
        {.name = "jobs-per-session",
         .target = &to.jobs_per_session,
         .least = 1,
         .most = 1'000'000,
         .help = "Jobs for which there is to be one session: four of them are one machine with 4"},
        {.name = "hysteresis",
         .target = &to.hysteresis,
         .least = 0,
         .most = most_of_all,
         .help = "How long there must be less work before a session is closed"},
        {.name = "interval",
         .target = &to.interval,
         .least = 0.05,
         .most = most_of_all,
         .help = "Time between two runs of CMD"},
        {.name = "recheck",
         .target = &to.recheck,
         .least = 0.05,
         .most = most_of_all,
         .help = "While a worker found none of the jobs that are counted, one session looks again after "
                 "--interval, then twice that, and so on up to this"},
        {.name = "depth-timeout",
         .target = &to.depth.limit,
         .least = 0.01,
         .most = most_of_all,
         .help = "Longest time for one run of CMD"},
        {.name = "depth-shell",
         .target = &to.depth.shell,
         .value_name = "PROGRAM",
         .help = "Shell that runs CMD. With bash a pipe fails when any of its commands does (pipefail), "
                 "which /bin/sh may not know: 'nc … | awk …' prints 0 while the server is away"},
        {.name = "patience",
         .target = &to.patience,
         .least = 0,
         .most = most_of_all,
         .help = "How long a worker may be out of reach before another session takes its place; never "
                 "before its session's time is over"},
        {.name = "state",
         .target = &to.state,
         .value_name = "FILE",
         .default_words = "below $XDG_STATE_HOME or ~/.local/state, a file for each endpoint",
         .help = "File in which the sessions are kept for the next one to go on with"},
        {.name = "on-stop",
         .target = options::one_of(
             to.parting, {{"retire", on_stop::retire}, {"end", on_stop::end}, {"leave", on_stop::leave}}),
         .help = "What becomes of the sessions at a signal: each ends when its job is done; ends at once; "
                 "stays for the next follow to go on with"},
        {.name = "metrics",
         .target = &to.metrics,
         .refuse = net::refuse_other_than_loopback,
         .value_name = "ADDR:PORT",
         .default_words = "none",
         .help = "Loopback address and port at which GET /metrics tells Prometheus of the work, the sessions "
                 "and the waits"},
        report_row(to.report),
        {.name = "dry-run",
         .target = &to.dry,
         .help = "Opens nothing: prints every --interval what CMD says and what would be done about it"}};
}

}  // namespace

subcommand follow_command() {
    const auto to = std::make_shared<follow_options>();
    return {.table = {.name = "follow",
                      .summary = "Keep as many sessions open as there is work in a queue",
                      .footer = follow_footer,
                      .groups = session_rows(own_rows(*to), *to)},
            .run = [to](const options::reading& found, const words& behind) {
                refuse_idle_fleet_options(found, to->where);
                refuse_command(behind);
                if (to->least > to->most)
                    throw startup_error("--min is " + std::to_string(to->least) +
                                        ", more than --max, which is " + std::to_string(to->most));
                if (to->where.is_local() && !to->state.empty())
                    throw startup_error("--state is for an endpoint; a local fleet ends with this program");
                if (to->dry && !to->metrics.empty())
                    throw startup_error("--metrics tells of sessions, and with --dry-run there are none");
                if (to->dry && !to->report.empty())
                    throw startup_error("--report is of what happens, and with --dry-run nothing does");
                if (!to->report.empty())
                    refuse_unwritable("report", to->report);
                return to->dry ? rehearse_follow(*to) : run_follow(*to);
            }};
}

}  // namespace nullworker::client
