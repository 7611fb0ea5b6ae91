#include <commands/common_options.hpp>
#include <commands/hold.hpp>
#include <commands/session_run.hpp>
#include <nullworker/base/child_process.hpp>
#include <nullworker/base/deadline.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/base/parent.hpp>
#include <nullworker/base/task_group.hpp>
#include <terminal/figures.hpp>
#include <terminal/foreground.hpp>
#include <terminal/runner.hpp>
#include <vast/keep_alive.hpp>

#include <chrono>
#include <csignal>
#include <utility>

#include <unistd.h>

namespace nullworker::client {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr seconds usual_lifetime{120.0};
constexpr auto look_for_a_stop_every = 200ms;
constexpr auto look_for_the_rest_every = 20ms;
constexpr auto reader_patience = 200ms;

// The session was lost while the command ran: EX_TEMPFAIL, another try may go better.
constexpr int exit_lost = 75;

constexpr const char* hold_footer =
    "nullworker hold -- CMD …  runs CMD while the session is held and passes on its exit code. CMD finds\n"
    "the session in NULLWORKER_SESSION_ID and its worker in NULLWORKER_WORKER_URL. When the session is gone\n"
    "before CMD has ended, CMD and its children get SIGTERM, later SIGKILL, and the exit code is 75.\n"
    "When the process that started it ends, hold does what it does on SIGTERM: nobody else would end the\n"
    "session of a script that was killed. With --orphan it stays: nohup nullworker hold --orphan &";

// What becomes of the command when its session is gone.
enum class when_lost { warn, stop };

struct hold_options : session_options {
    std::optional<seconds> hold;       // nothing: until a signal, or until `command` ends
    std::vector<std::string> command;  // run while the session is held; not together with `hold`
    bool orphan = false;               // stays when its parent ends
    when_lost on_lost = when_lost::stop;
    seconds grace{10.0};  // between SIGTERM and SIGKILL then
};

class hold final : public session_run {
public:
    hold(asio::any_io_executor executor, const hold_options& options, interruption& stop)
        // A command's own output goes to standard output alone.
        // And while it has the terminal, nobody else draws there.
        : session_run(executor, options, stop, options.command.empty() ? stdout : stderr, 1, story::none,
                      options.command.empty() ? progress::view::drawn : progress::view::none),
          x_executor(executor),
          x_options(options),
          x_stop(stop),
          x_keeper(executor),
          x_watching_command(executor),
          x_watching_parent(executor) {}

private:
    [[nodiscard]] std::string title(const std::string& where) const override {
        return "a session on " + where;
    }

    void fail(const std::string& why) override { show().session(1, "failed", why); }

    [[nodiscard]] asio::awaitable<int> work() override {
        if (!x_options.orphan)
            x_watching_parent.spawn(end_with_parent());
        const int code = co_await reserve_and_use();
        (void)co_await x_watching_parent.finish(0s);
        co_return code;
    }

    asio::awaitable<void> end_with_parent() {
        co_await until_parent_ends(x_parent);
        if (x_stop.requested())
            co_return;
        show().note("the process that started this has ended: stopping; --orphan would make it stay");
        x_stop.request(SIGTERM);
    }

    asio::awaitable<int> reserve_and_use() {
        const seconds lifetime = x_options.lifetime.value_or(usual_lifetime);
        const auto held = co_await reserve_shown(1, lifetime, x_stop);
        if (!held)
            co_return exit_failed;
        int code = exit_done;
        if (!x_stop.requested()) {
            std::function<void(std::string)> on_lost = [this](std::string why) { lose(why); };
            x_keeper.spawn(keep_alive(place().api(), *held, lifetime, std::move(on_lost)));
            code = co_await use(*held);
            (void)co_await x_keeper.finish(0s);
        }
        const bool released = co_await release(*held);
        co_return code == exit_done && !released ? exit_failed : code;
    }

    asio::awaitable<int> use(held_session held) {
        if (!x_options.command.empty())
            co_return co_await run_command(std::move(held));
        const auto until =
            x_options.hold ? steady::now() + to_ticks(*x_options.hold) : steady::time_point::max();
        x_waiting = true;
        co_await x_stop.wait_until(until);
        co_return exit_done;
    }

    asio::awaitable<int> run_command(held_session held) {
        const std::map<std::string, std::string> environment = {{"NULLWORKER_SESSION_ID", held.session_id},
                                                                {"NULLWORKER_WORKER_URL", held.worker_url}};
        co_await finish_showing();
        std::optional<child_process> child;
        try {
            child.emplace(x_executor, child_options{.command = x_options.command,
                                                    .environment = environment,
                                                    .job = true,
                                                    .terminal = x_terminal.to_hand_over()});
        } catch (const startup_error& e) {
            show().session(1, "failed", e.what());
        }
        if (!child)
            co_return 127;  // what a shell says of a command it cannot find
        x_watching_command.spawn(forward_stop(*child));
        x_watching_command.spawn(end_if_lost(*child));
        if (x_terminal.is_ours_to_give())
            x_watching_command.spawn(stop_with(*child));
        const auto group = child->id();
        const int code = co_await child->wait();
        (void)co_await x_watching_command.finish(0s);
        x_terminal.take_back(group);
        if (x_lost && x_options.on_lost == when_lost::stop) {
            co_await end_the_rest(group);
            co_return exit_lost;
        }
        if (code == child_process::unknown_end) {
            show().note("the command has ended, and nobody knows how");
            co_return exit_failed;
        }
        co_return code;
    }

    // Our lines come before the command's, unless nobody reads them.
    asio::awaitable<void> finish_showing() {
        const auto until = steady::now() + reader_patience;
        while (!show().is_all_shown() && steady::now() < until)
            co_await sleep_for(1ms);
    }

    // What the command has started, and left behind.
    asio::awaitable<void> end_the_rest(pid_t group) {
        while (::kill(-group, 0) == 0 && steady::now() < x_killed_at)
            co_await sleep_for(look_for_the_rest_every);
        ::kill(-group, SIGKILL);
    }

    // The command is in a group of its own, which hears of no signal but by us.
    asio::awaitable<void> forward_stop(child_process& child) {
        co_await x_stop.wait_until(steady::time_point::max());
        if (x_stop.requested())
            child.signal(x_stop.signal());
    }

    // What it works on is another client's by now.
    asio::awaitable<void> end_if_lost(child_process& child) {
        co_await x_loss.wait_until(steady::time_point::max());
        if (!x_loss.requested() || x_options.on_lost == when_lost::warn)
            co_return;
        show().note("ending the command by SIGTERM, and after " + span_text(x_options.grace.count()) +
                    " by SIGKILL");
        child.signal(SIGTERM);
        child.signal(SIGCONT);
        x_killed_at = steady::now() + to_ticks(x_options.grace);
        co_await sleep_for(to_ticks(x_options.grace));
        child.signal(SIGKILL);
    }

    // Ctrl-Z stops the command alone, and the shell waits for us: so we stop, too, until it continues us.
    asio::awaitable<void> stop_with(child_process& child) {
        for (;;) {
            co_await sleep_for(look_for_a_stop_every);
            if (!child.was_stopped())
                continue;
            x_terminal.take_back(child.id());
            ::kill(0, SIGSTOP);
            x_terminal.hand_over(child.id());
            child.signal(SIGCONT);
        }
    }

    void lose(const std::string& why) {
        x_lost = true;
        x_loss.request();
        show().session(1, "failed", "lost while held: " + why);
        if (x_waiting)
            x_stop.request();
    }

    asio::awaitable<bool> release(held_session held) {
        if (x_lost)
            co_return false;
        const auto ended = co_await end_shown(1, std::move(held));
        co_return ended.has_value();
    }

    asio::any_io_executor x_executor;
    const hold_options& x_options;
    interruption& x_stop;
    const pid_t x_parent = ::getppid();
    task_group x_keeper;
    task_group x_watching_command;
    foreground x_terminal;
    interruption x_loss;               // of the session
    steady::time_point x_killed_at{};  // when those who did not heed SIGTERM get SIGKILL
    task_group x_watching_parent;
    bool x_waiting = false;
    bool x_lost = false;
};

}  // namespace

subcommand hold_command() {
    const auto to = std::make_shared<hold_options>();
    return {.table = {.name = "hold",
                      .summary = "Hold one session for some time, or while a command runs",
                      .footer = hold_footer,
                      .groups = session_rows(
                          {{.name = "hold",
                            .target = &to->hold,
                            .least = 0,
                            .most = most_of_all,
                            .default_words = "until Ctrl-C, or until CMD ends",
                            .help = "How long"},
                           {.name = "orphan",
                            .target = &to->orphan,
                            .help = "Stay when the process that started this ends"},
                           {.name = "on-lost",
                            .target = options::one_of(to->on_lost,
                                                      {{"warn", when_lost::warn}, {"stop", when_lost::stop}}),
                            .help = "What becomes of CMD when its session is gone"},
                           {.name = "grace",
                            .target = &to->grace,
                            .least = 0,
                            .most = most_of_all,
                            .help = "Time from SIGTERM to SIGKILL then"}},
                          *to),
                      .behind_dashes = "CMD"},
            .run = [to](const options::reading& found, const words& behind) {
                refuse_idle_fleet_options(found, to->where);
                if (to->hold && !behind.empty())
                    throw startup_error("--hold and a command exclude each other: the command says how long");
                to->command = behind;
                // What a command makes of a signal is for the command to say.
                return run_sessions<hold>(*to, behind.empty() ? on_signal::exit_128 : on_signal::keep_code);
            }};
}

}  // namespace nullworker::client
