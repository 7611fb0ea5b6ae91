#include <commands/common_options.hpp>
#include <commands/control_options.hpp>
#include <commands/work.hpp>
#include <nullworker/base/clock.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/base/file.hpp>
#include <nullworker/base/interruption.hpp>
#include <nullworker/base/log.hpp>
#include <nullworker/base/task_group.hpp>
#include <terminal/runner.hpp>
#include <work/work_run.hpp>

#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace nullworker::client {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr auto look_at_the_lock_every = 200ms;
constexpr auto remind_every = 60s;

constexpr const char* work_footer =
    "nullworker work -- CMD …  waits until the worker on this machine is reserved, protects the\n"
    "session, runs CMD, and releases the session when CMD has ended. While CMD runs nobody who gives\n"
    "idle machines back takes this one. CMD takes one job from your queue and does it. Its exit code:\n"
    "  0     the job is done\n"
    "  75    there was no job (--no-job): CMD is run again after --pause\n"
    "  else  it failed: the session is released, and if that goes on, CMD is run less often\n"
    "CMD must not wait for a job longer than --pause: while it runs this machine is taken for busy.\n"
    "In its environment are NULLWORKER_SLOT, NULLWORKER_SESSION_ID, NULLWORKER_SESSION_GENERATION,\n"
    "NULLWORKER_SESSION_REQUEST_IDX, NULLWORKER_PAUSE, NULLWORKER_NO_JOB, and NULL_CONTROL_PORT or\n"
    "NULLWORKER_CONTROL_SOCKET, where `nullworker session` tells more. It has no input, and what it\n"
    "leaves in its process group when it ends is killed.\n"
    "\n"
    "Nothing happens to CMD while nullworkerd is restarted or away. Where the session is lost all the\n"
    "same, CMD gets SIGTERM and later SIGKILL, unless --on-lost says finish. After SIGTERM work takes\n"
    "no further job, and CMD goes on to its end, however often SIGTERM comes; a second Ctrl-C ends all\n"
    "at once. When work itself is killed, CMD is killed with it: a job that was taken and is not done must "
    "come back by your queue,\n"
    "so keep it in a list of its own until it is done.";

struct work_settings : work_options {
    seconds term{60.0};
    seconds pause{1.0};
    std::optional<seconds> idle;
    std::optional<seconds> grace;
    log::form log_format = log::form::text;
};

std::optional<steady::duration> ticks(const std::optional<seconds>& span) {
    return span ? std::optional(to_ticks(*span)) : std::nullopt;
}

void complete(work_settings& to, const words& behind) {
    if (behind.empty())
        throw startup_error("there is no command: nullworker work -- CMD …");
    to.command = behind;
    to.rules.term = to_ticks(to.term);
    to.rules.pause = to_ticks(to.pause);
    to.rules.idle = ticks(to.idle);
    to.rules.grace = ticks(to.grace);
    to.variables = variables_of(to.place);
    to.variables["NULLWORKER_PAUSE"] = log::to_text(to.pause.count());
    to.variables["NULLWORKER_NO_JOB"] = std::to_string(to.rules.no_job);
}

// The lock that says that nobody else works here; nothing where `stop` came first. Throws startup_error where
// there can be none.
asio::awaitable<std::optional<name_lock>> lock(const control_place& place, interruption& stop) {
    const auto found = co_await work_lock_name(place, stop);
    if (!found)
        co_return std::nullopt;
    const auto& name = *found;
    auto told_at = steady::time_point::min();
    while (!stop.requested()) {
        auto taken = name_lock::take(name);
        if (taken)
            co_return std::move(*taken);
        if (taken.error() != errc::file_in_use)
            throw startup_error("cannot take the lock '" + name + "': " + taken.error().message());
        const auto now = steady::now();
        if (told_at == steady::time_point::min() || now - told_at >= remind_every) {
            told_at = now;
            log::warning("another_is_here",
                         {{"at", name_of(place)},
                          {"effect",
                           "nothing is started before that `nullworker work` and its command have "
                           "ended"}});
        }
        co_await stop.wait_for(look_at_the_lock_every);
    }
    co_return std::nullopt;
}

asio::awaitable<void> stop_at(interruption& stop, std::list<work_run>& running) {
    co_await stop.wait_until(steady::time_point::max());
    if (stop.requested())
        for (auto& one : running)
            one.stop();
}

asio::awaitable<int> work(asio::any_io_executor executor, const work_options& options, interruption& stop) {
    const auto held = co_await lock(options.place, stop);
    if (!held)
        co_return exit_done;
    const auto all = std::make_shared<crew>();
    std::list<work_run> running;
    for (int slot = 0; slot < options.parallel; ++slot)
        running.emplace_back(executor, options, held->number(), all, slot);
    task_group stopper(executor);
    task_group slots(executor);
    stopper.spawn(stop_at(stop, running));
    for (auto& one : running)
        slots.spawn(one.run());
    co_await slots.join();
    (void)co_await stopper.finish(0s);
    co_return exit_done;
}

}  // namespace

subcommand work_command() {
    const auto to = std::make_shared<work_settings>();
    return {.table =
                {.name = "work",
                 .summary = "Run the consumer beside a worker, a job at a time",
                 .footer = work_footer,
                 .groups = {{.options = {{.name = "term",
                                          .target = &to->term,
                                          .least = 0.1,
                                          .most = most_of_all,
                                          .help = "How long a protection lasts; it is renewed every quarter "
                                                  "of that"},
                                         {.name = "pause",
                                          .target = &to->pause,
                                          .least = 0.01,
                                          .most = most_of_all,
                                          .help = "Time until CMD is asked again when there was no job"},
                                         {.name = "no-job",
                                          .target = &to->rules.no_job,
                                          .least = 1,
                                          .most = 255,
                                          .value_name = "CODE",
                                          .help = "CMD's exit code when there was no job"},
                                         {.name = "keep",
                                          .target = &to->rules.keep,
                                          .help = "Keep the session for the next job, as long as there is "
                                                  "one and nobody wants the machine back"},
                                         {.name = "idle",
                                          .target = &to->idle,
                                          .least = 0,
                                          .most = most_of_all,
                                          .default_words = "never, the client decides",
                                          .help = "Release the session when there was no job for so long"},
                                         {.name = "parallel",
                                          .target = &to->parallel,
                                          .least = 1,
                                          .most = 64,
                                          .value_name = "N",
                                          .help = "Run so many CMDs at once, each with its number in "
                                                  "NULLWORKER_SLOT, from 0 on: for several GPUs"},
                                         {.name = "on-lost",
                                          .target = options::one_of(
                                              to->rules.when_lost,
                                              {{"kill", lost_rule::kill}, {"finish", lost_rule::finish}}),
                                          .help = "What becomes of CMD when its session is lost: kill (right "
                                                  "where the job comes back at once) or finish (right where "
                                                  "it stays hidden from others for its time)"},
                                         {.name = "grace",
                                          .target = &to->grace,
                                          .least = 0,
                                          .most = most_of_all,
                                          .default_words = "no limit, and 10",
                                          .help =
                                              "Time that CMD has to end after a SIGTERM to work, and "
                                              "then, or when the session is lost, from SIGTERM to SIGKILL"},
                                         {.name = "log-format",
                                          .variable = "NULLWORKER_LOG_FORMAT",
                                          .target = options::one_of(to->log_format, {{"text",
                                                                                      log::form::text},
                                                                                     {"json",
                                                                                      log::form::json}}),
                                          .help = "How lines are logged: text (key=value) or json (an "
                                                  "object a line)"}}},
                            {.options = control_place_rows(to->place)}},
                 .behind_dashes = "CMD"},
            .run = [to](const options::reading& found, const words& behind) {
                read_control_place(found, to->place);
                complete(*to, behind);
                log::set_form(to->log_format);
                log::set_level(log::level::info);
                command all = [to](asio::any_io_executor executor, interruption& stop) {
                    return work(std::move(executor), *to, stop);
                };
                return run(std::move(all), on_signal::keep_code, second_sigterm::is_passed_over);
            }};
}

}  // namespace nullworker::client
