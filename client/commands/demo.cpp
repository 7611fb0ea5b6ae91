#include <commands/common_options.hpp>
#include <commands/demo.hpp>
#include <commands/report_file.hpp>
#include <commands/session_run.hpp>
#include <nullworker/base/clock.hpp>
#include <nullworker/base/deadline.hpp>
#include <nullworker/base/descriptor.hpp>
#include <nullworker/base/task_group.hpp>
#include <terminal/figures.hpp>
#include <terminal/runner.hpp>
#include <terminal/tally.hpp>
#include <vast/keep_alive.hpp>

#include <boost/asio/posix/stream_descriptor.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace nullworker::client {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr auto look_again = 100ms;

// A session is renewed long before this, so that one that is lost does not hold its worker for hours.
constexpr seconds longest_default_lifetime{3600.0};

// The paths are those of the repository and of the packages' folder of documents alike.
constexpr const char* what_next[] = {
    "next: a queue in Redis, a consumer beside each worker: scripts/example-redis, docs/client.md",
    "next: a session of your own: nullworker fleet, and beside it nullworker hold --instance local",
    "next: onto Vast: docs/deploy.md",
};

std::string minutes_text(seconds span) {
    std::array<char, 32> text{};
    (void)std::snprintf(text.data(), text.size(), "%.1f", span.count() / 60);
    return text.data();
}

struct demo_options : session_options {
    int count = 3;                    // sessions, 1 to 100
    int rounds = 1;                   // of all of them
    std::optional<seconds> rest;      // the longest between rounds, for workers to go
    std::optional<seconds> interval;  // between starts, and between ends
    std::optional<seconds> plateau;   // during which all are held
};

// One run of the demo. Everything it starts has ended when `run` returns.
class demo final : public session_run {
public:
    demo(asio::any_io_executor executor, const demo_options& options, interruption& stop)
        : session_run(executor, options, stop, stdout, options.count, story::kept),
          x_options(options),
          x_stop(stop),
          x_interval(options.interval.value_or(place().is_local() ? 2s : 30s)),
          x_plateau(options.plateau.value_or(place().is_local() ? 4s : 300s)),
          x_rest(options.rest.value_or(place().is_local() ? 30s : 600s)),
          x_lifetime(options.lifetime.value_or(needed_lifetime())),
          x_slots(static_cast<std::size_t>(options.count)),
          x_reserving(executor),
          x_ending(executor),
          x_reader(executor) {}

private:
    [[nodiscard]] std::string title(const std::string& where) const override {
        return "sessions on " + where;
    }

    [[nodiscard]] asio::awaitable<int> work() override {
        x_reader.spawn(watch_reader());
        tell_cost();
        for (int round = 1; round <= x_options.rounds && !x_stop.requested(); ++round) {
            if (round > 1)
                co_await wait_for_rest();
            co_await run_round(round);
        }
        if (place().is_local() && x_released > 0)
            co_await wait_for_zero();
        (void)co_await x_reader.finish(0s);
        co_return x_failures.empty() ? exit_done : exit_failed;
    }

    // Which machines the autoscaler has and what they cost it learns as they come and go.
    asio::awaitable<void> run_round(int round) {
        if (x_options.rounds > 1)
            show().note("round " + std::to_string(round) + " of " + std::to_string(x_options.rounds));
        x_first = (round - 1) * x_options.count + 1;
        for (auto& entry : x_slots)
            entry = slot{};
        co_await start_sessions();
        co_await hold_sessions();
        co_await end_sessions();
    }

    // Machines of a user's own cost nothing, and one round of a few is told on the page that tells of it.
    [[nodiscard]] bool is_worth_telling() { return !place().is_local() || x_options.rounds > 1; }

    void tell_cost() {
        if (!is_worth_telling())
            return;
        const auto each = (x_options.count - 1) * x_interval + x_plateau;
        show().note(std::to_string(total()) + " sessions of " + span_text(each.count()) + " take " +
                    minutes_text(total() * each) +
                    " machine-minutes, and each machine is paid for while it boots and until it goes, too");
    }

    // The autoscaler is given the time to let the machines go: else the next round would find them all there.
    asio::awaitable<void> wait_for_rest() {
        show().note("waiting for the workers to go");
        const auto deadline = steady::now() + to_ticks(x_rest);
        while (!x_stop.requested() && show().worker_story().back() != 0 && steady::now() < deadline)
            co_await x_stop.wait_for(look_again);
    }

    // A show is over when nobody looks any more, as with `| head -3`: the pipe has an error then.
    asio::awaitable<void> watch_reader() {
        struct stat facts {};
        if (::fstat(STDOUT_FILENO, &facts) != 0 || !S_ISFIFO(facts.st_mode))
            co_return;
        descriptor pipe(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
        if (!pipe.is_open())
            co_return;
        asio::posix::stream_descriptor watched(co_await asio::this_coro::executor, pipe.release());
        const auto [ec] = co_await watched.async_wait(asio::posix::stream_descriptor::wait_error, nothrow);
        if (!ec)
            x_stop.request(SIGPIPE);
    }

    void fail(const std::string& why) override {
        if (x_stop.requested())
            return show().note(why);
        for (int number = 1; number <= total(); ++number)
            fail_one(number, why);
    }

    [[nodiscard]] int conclude(int code) override {
        summarise();
        draw_the_story();
        if (code == exit_done && place().is_local() && !x_options.json && !x_stop.requested())
            for (const auto* line : what_next)
                show().note(line);
        return x_stop.signal() == SIGPIPE ? 128 + SIGPIPE : code;
    }

    [[nodiscard]] int total() const { return x_options.rounds * x_options.count; }

    struct slot {
        std::optional<held_session> session;
        std::unique_ptr<task_group> keeper;
    };

    [[nodiscard]] seconds needed_lifetime() const {
        const seconds needed = 2.0 * x_options.count * x_interval + x_plateau + seconds(60);
        return std::min(needed, longest_default_lifetime);
    }

    // All are held from then on, and each ends after those before it.
    void plan_end(int number, int before, steady::time_point all_held) {
        told_story()->plan(number, all_held + to_ticks(x_plateau + before * x_interval));
    }

    void plan_ends() {
        int before = 0;
        for (int place = 0; place < x_options.count; ++place)
            if (x_slots[static_cast<std::size_t>(place)].session)
                plan_end(x_first + place, before++, steady::now());
    }

    asio::awaitable<void> start_sessions() {
        x_last_start = steady::now() + to_ticks((x_options.count - 1) * x_interval);
        for (int place = 0; place < x_options.count && !x_stop.requested(); ++place) {
            x_reserving.spawn(reserve(x_first + place));
            if (place + 1 < x_options.count)
                co_await x_stop.wait_for(to_ticks(x_interval));
        }
        co_await x_reserving.join();
    }

    asio::awaitable<void> reserve(int number) {
        auto held = co_await reserve_shown(number, x_lifetime, x_stop);
        if (!held) {
            if (!x_stop.requested())
                x_failures[number] = held.error().message;
            co_return;
        }
        auto& entry = x_slots[static_cast<std::size_t>(number - x_first)];
        entry.session = *held;
        plan_end(number, number - x_first, std::max(steady::now(), x_last_start));
        entry.keeper = std::make_unique<task_group>(co_await asio::this_coro::executor);
        std::function<void(std::string)> on_lost = [this, number, &entry](std::string why) {
            entry.session.reset();
            fail_one(number, "lost while held: " + why);
        };
        entry.keeper->spawn(keep_alive(place().api(), *held, x_lifetime, std::move(on_lost)));
    }

    asio::awaitable<void> hold_sessions() {
        if (x_stop.requested())
            co_return;
        const auto held = held_count();
        if (held == 0)
            co_return;
        show().note((held == x_options.count
                         ? "all " + std::to_string(held)
                         : std::to_string(held) + " of " + std::to_string(x_options.count)) +
                    " sessions are held");
        plan_ends();
        co_await x_stop.wait_for(to_ticks(x_plateau));
    }

    asio::awaitable<void> end_sessions() {
        int remaining = held_count();
        for (int number = x_first; number < x_first + x_options.count; ++number) {
            auto& entry = x_slots[static_cast<std::size_t>(number - x_first)];
            if (entry.keeper)
                (void)co_await entry.keeper->finish(0s);
            if (!entry.session)
                continue;
            x_ending.spawn(end_one(number, *entry.session));
            if (--remaining > 0)
                co_await x_stop.wait_for(to_ticks(x_interval));
        }
        co_await x_ending.join();
    }

    // A worker that hangs holds up no other's end.
    asio::awaitable<void> end_one(int number, held_session session) {
        const auto ended = co_await end_shown(number, std::move(session));
        if (ended)
            ++x_released;
        else
            x_failures[number] = ended.error().message;
    }

    // The story ends when the last worker is gone.
    asio::awaitable<void> wait_for_zero() {
        const auto deadline = steady::now() + to_ticks(idle_patience(x_options.where.fleet.scaling)) + 10s;
        while (!x_stop.requested() && show().worker_story().back() != 0 && steady::now() < deadline)
            co_await x_stop.wait_for(look_again);
        if (!x_stop.requested() && show().worker_story().back() != 0) {
            x_failures[0] = "the fleet did not stop its idle workers by itself";
            show().note(x_failures[0]);
        }
    }

    [[nodiscard]] int held_count() const {
        int count = 0;
        for (const auto& entry : x_slots)
            count += entry.session ? 1 : 0;
        return count;
    }

    void fail_one(int number, const std::string& why) {
        x_failures[number] = why;
        show().session(number, "failed", why);
    }

    // Called when all is closed: the local fleet, and with it its workers.
    void summarise() {
        std::string counts;
        for (const int count : show().worker_story())
            counts += (counts.empty() ? "" : " → ") + std::to_string(count);
        show().note("workers: " + counts);
        if (is_worth_telling())
            show().note("workers were there for " + minutes_text(show().machine_time()) + " machine-minutes");
        tally sessions{.wanted = total(), .released = x_released};
        for (const auto& [number, why] : x_failures)
            sessions.failed += number > 0 ? 1 : 0;
        const bool all_well = sessions.released == sessions.wanted && show().worker_story().back() == 0;
        show().summary(sessions, all_well ? "" : rest_of_the_story(), fields_of(told_story()->figures()));
    }

    void draw_the_story() {
        const auto drawn = told_story()->drawing(show().room().columns - 1, locale_charset());
        if (drawn.empty())
            return;
        const std::vector<text_row> nothing(1);
        show().print(nothing);
        show().print(drawn);
        show().print(nothing);
        show().print(rows_of(told_story()->figures()));
        show().print(nothing);
    }

    [[nodiscard]] std::string rest_of_the_story() {
        if (place().is_local())
            return "; the local fleet and its workers are stopped";
        return show().worker_story().back() == 0 ? "" : "; idle workers are the autoscaler's to stop";
    }

    const demo_options& x_options;
    interruption& x_stop;
    seconds x_interval;
    seconds x_plateau;
    seconds x_rest;
    seconds x_lifetime;
    int x_first = 1;  // session of this round
    steady::time_point x_last_start{};
    std::vector<slot> x_slots;
    std::map<int, std::string> x_failures;  // by session; 0 for what concerns none
    int x_released = 0;
    task_group x_reserving;
    task_group x_ending;
    task_group x_reader;
};

}  // namespace

subcommand demo_command() {
    const auto to = std::make_shared<demo_options>();
    auto& scaling = to->where.fleet.scaling;
    scaling.inactivity_timeout = seconds(2);
    scaling.start_delay = seconds(0.5);
    return {
        .table =
            {.name = "demo",
             .summary = "Reserve sessions one after the other, hold them, release them",
             .footer = "Without --endpoint or --instance the demo runs on a local fleet, and takes about "
                       "20 s.",
             .groups = session_rows(
                 {{.name = "count", .target = &to->count, .least = 1, .most = 100'000, .help = "Sessions"},
                  {.name = "rounds",
                   .target = &to->rounds,
                   .least = 1,
                   .most = 100,
                   .help = "How often all that is done, each time when the workers have gone"},
                  {.name = "interval",
                   .target = &to->interval,
                   .least = 0,
                   .most = most_of_all,
                   .default_words = "30, local fleet: 2",
                   .help = "Time between starts, and between ends"},
                  {.name = "plateau",
                   .target = &to->plateau,
                   .least = 0,
                   .most = most_of_all,
                   .default_words = "300, local fleet: 4",
                   .help = "Time during which all are held"},
                  {.name = "rest",
                   .target = &to->rest,
                   .least = 0,
                   .most = most_of_all,
                   .default_words = "600, local fleet: 30",
                   .help = "Longest time for the workers to go between two rounds"},
                  report_row(to->report)},
                 *to)},
        .run = [to](const options::reading& found, const words& behind) {
            refuse_idle_fleet_options(found, to->where);
            refuse_command(behind);
            if (!to->report.empty())
                refuse_unwritable("report", to->report);
            return run_sessions<demo>(*to);
        }};
}

}  // namespace nullworker::client
