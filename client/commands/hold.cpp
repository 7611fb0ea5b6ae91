#include <commands/common_options.hpp>
#include <commands/hold.hpp>
#include <commands/session_run.hpp>
#include <nullworker/base/child_process.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/base/parent.hpp>
#include <nullworker/base/task_group.hpp>
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

constexpr const char* hold_footer =
    "nullworker hold -- CMD …  runs CMD while the session is held and passes on its exit code. CMD finds\n"
    "the session in NULLWORKER_SESSION_ID and its worker in NULLWORKER_WORKER_URL.\n"
    "When the process that started it ends, hold does what it does on SIGTERM: nobody else would end the\n"
    "session of a script that was killed. With --orphan it stays: nohup nullworker hold --orphan &";

struct hold_options : session_options {
    std::optional<seconds> hold;       // nothing: until a signal, or until `command` ends
    std::vector<std::string> command;  // run while the session is held; not together with `hold`
    bool orphan = false;               // stays when its parent ends
};

class hold final : public session_run {
public:
    hold(asio::any_io_executor executor, const hold_options& options, interruption& stop)
        // A command's own output goes to standard output alone.
        : session_run(executor, options, stop, options.command.empty() ? stdout : stderr, 1),
          x_executor(executor),
          x_options(options),
          x_stop(stop),
          x_keeper(executor),
          x_forwarding(executor),
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
        std::optional<child_process> child;
        try {
            child.emplace(x_executor,
                          child_options{.command = x_options.command, .environment = environment});
        } catch (const startup_error& e) {
            show().session(1, "failed", e.what());
        }
        if (!child)
            co_return 127;  // what a shell says of a command it cannot find
        x_forwarding.spawn(forward_stop(*child));
        const int code = co_await child->wait();
        (void)co_await x_forwarding.finish(0s);
        if (code == child_process::unknown_end) {
            show().note("the command has ended, and nobody knows how");
            co_return exit_failed;
        }
        co_return code;
    }

    // Ctrl-C, or what sends SIGQUIT, on a terminal reaches the command by itself; everything else is passed
    // on.
    asio::awaitable<void> forward_stop(child_process& child) {
        co_await x_stop.wait_until(steady::time_point::max());
        const bool typed = x_stop.signal() == SIGINT || x_stop.signal() == SIGQUIT;
        const bool child_has_it = typed && ::isatty(STDIN_FILENO) == 1;
        if (x_stop.requested() && !child_has_it)
            child.signal(x_stop.signal());
    }

    void lose(const std::string& why) {
        x_lost = true;
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
    task_group x_forwarding;
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
                      .groups = session_rows({{.name = "hold",
                                               .target = &to->hold,
                                               .least = 0,
                                               .most = most_of_all,
                                               .default_words = "until Ctrl-C, or until CMD ends",
                                               .help = "How long"},
                                              {.name = "orphan",
                                               .target = &to->orphan,
                                               .help = "Stay when the process that started this ends"}},
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
