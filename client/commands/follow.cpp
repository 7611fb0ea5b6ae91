#include <commands/common_options.hpp>
#include <commands/follow.hpp>
#include <commands/session_run.hpp>
#include <follow/depth.hpp>
#include <follow/follow_plan.hpp>
#include <nullworker/base/backoff.hpp>
#include <nullworker/base/child_process.hpp>
#include <nullworker/base/clock.hpp>
#include <nullworker/base/deadline.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/base/task_group.hpp>
#include <terminal/runner.hpp>
#include <vast/keep_alive.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace nullworker::client {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr seconds renewed_lifetime{60.0};

struct follow_options : session_options {
    std::string depth;  // a line of shell that prints how much work there is
    int least = 0;
    int most = 0;
    seconds hysteresis{30.0};
    seconds interval{2.0};        // between two runs of `depth`, and between two checks of a session
    seconds depth_timeout{10.0};  // for one run of it
    seconds patience{10.0};       // how long a worker may be out of reach before its session counts as lost
};

// One run of `follow`. Every session it opens has ended, or is lost, when `run` returns.
class follow final : public session_run {
public:
    follow(asio::any_io_executor executor, const follow_options& options, interruption& stop)
        : session_run(executor, options, stop, stdout, options.most),
          x_options(options),
          x_stop(stop),
          x_lifetime(options.lifetime.value_or(renewed_lifetime)),
          x_plan({options.least, options.most, to_ticks(options.hysteresis)}),
          x_sessions(executor) {}

private:
    [[nodiscard]] std::string title(const std::string& where) const override {
        return "following the depth of a queue with sessions on " + where;
    }

    void fail(const std::string& why) override { show().note(why); }

    [[nodiscard]] asio::awaitable<int> work() override {
        while (!x_stop.requested()) {
            co_await look();
            co_await x_stop.wait_for(to_ticks(x_options.interval));
        }
        const auto open = x_slots.size();
        show().note("ending " + std::to_string(open) + (open == 1 ? " session" : " sessions"));
        for (auto& [number, stop] : x_slots)
            stop->request();
        co_await x_sessions.join();
        co_return x_unended == 0 ? exit_done : exit_failed;
    }

    asio::awaitable<void> look() {
        const auto depth = co_await measure();
        if (x_stop.requested())
            co_return;
        if (!depth) {
            // The sessions stay as they are: nobody knows better.
            if (std::exchange(x_trouble, depth.error().message) != depth.error().message)
                show().note("cannot tell how much work there is: " + depth.error().message);
            co_return;
        }
        if (!std::exchange(x_trouble, {}).empty())
            show().note("the command of --depth works again");
        if (std::exchange(x_depth, *depth) != *depth)
            show().tell("work", {{"depth", *depth}}, "work: " + std::to_string(*depth));
        const int change = x_plan.step(*depth, static_cast<int>(lasting().size()), steady::now());
        const int room = x_options.most - static_cast<int>(x_slots.size());
        for (int i = 0; i < std::min(change, room) && steady::now() >= x_not_before; ++i)
            open_one();
        for (int i = 0; i > change; --i)
            close_one();
    }

    asio::awaitable<outcome<std::int64_t>> measure() {
        auto work = run_shell(x_options.depth);
        auto bounded = within(to_ticks(x_options.depth_timeout), std::move(work));
        const auto heard = co_await unless_stopped(x_stop, std::move(bounded));
        if (!heard)
            co_return failure{"stopped"};
        const auto& ended = *heard;
        if (!ended)
            co_return failure{"the command of --depth: " + ended.error().message()};
        if (ended->code != 0)
            co_return failure{"the command of --depth " + ended->described()};
        co_return read_depth(ended->output);
    }

    void open_one() {
        int number = 1;
        while (x_slots.contains(number))
            ++number;
        auto stop = std::make_unique<interruption>();
        auto& told = *stop;
        x_slots.emplace(number, std::move(stop));
        x_order.push_back(number);
        x_sessions.spawn(occupy(number, told));
    }

    // The numbers of the sessions that are to last, in the order in which they were opened.
    [[nodiscard]] std::vector<int> lasting() const {
        std::vector<int> out;
        for (const int number : x_order)
            if (!x_slots.at(number)->requested())
                out.push_back(number);
        return out;
    }

    // The one that was opened last is the likeliest to have found nothing to do.
    void close_one() {
        if (const auto open = lasting(); !open.empty())
            x_slots.at(open.back())->request();
    }

    // A session from its reservation to its end.
    asio::awaitable<void> occupy(int number, interruption& stop) {
        const auto held = co_await reserve_shown(number, x_lifetime, stop);
        if (held) {
            x_pause.reset();
            co_await hold(number, *held, stop);
        } else if (!stop.requested() && steady::now() >= x_not_before) {  // once for those that fail together
            x_not_before = steady::now() + x_pause.next();
        }
        std::erase(x_order, number);
        x_slots.erase(number);
    }

    asio::awaitable<void> hold(int number, held_session session, interruption& stop) {
        const auto every = std::min(to_ticks(x_options.interval), usual_care(x_lifetime).check_every);
        const care how{x_lifetime, every, to_ticks(x_options.patience)};
        const auto ended = co_await look_after(place().api(), session, how, stop);
        switch (ended.what) {
            case care_outcome::kind::released:
                show().session(number, "released", session.session_id + " at its worker");
                co_return;
            case care_outcome::kind::lost:
                show().session(number, "failed", session.session_id + " is lost: " + ended.why);
                co_return;
            case care_outcome::kind::stopped:
                break;
        }
        const auto closed = co_await end_shown(number, session);
        x_unended += !closed && x_stop.requested() ? 1 : 0;
    }

    const follow_options& x_options;
    interruption& x_stop;
    seconds x_lifetime;
    follow_plan x_plan;
    std::map<int, std::unique_ptr<interruption>> x_slots;  // open or on their way, by number from 1 on
    std::vector<int> x_order;                              // their numbers, the youngest last
    backoff x_pause{1s, 30s};                              // between reservations that fail
    steady::time_point x_not_before{};
    std::string x_trouble;
    std::int64_t x_depth = -1;
    int x_unended = 0;  // that could not be ended when all was to end
    task_group x_sessions;
};

constexpr const char* follow_footer =
    "CMD is a line of shell that prints how much work is unfinished: what waits and what is being done. "
    "Numbers\n"
    "on several lines are added up: printf 'llen jobs\\nllen working\\n' | redis-cli\n"
    "More work opens sessions at once. Less work closes them, the youngest first, once it has been less "
    "for the\n"
    "whole of the hysteresis. A session that its consumer releases makes room by itself. While CMD "
    "fails,\n"
    "everything stays as it is. A signal ends the sessions, and the exit code is 0 if that worked.";

std::vector<options::option> own_rows(follow_options& to) {
    return {{.name = "depth",
             .target = &to.depth,
             .value_name = "CMD",
             .must_be_passed = true,
             .help = "Command that prints how much work there is"},
            {.name = "min",
             .target = &to.least,
             .least = 0,
             .most = 1000,
             .help = "Sessions kept open without any work"},
            {.name = "max",
             .target = &to.most,
             .least = 1,
             .most = 1000,
             .must_be_passed = true,
             .help = "Most sessions at once, each of which is a machine"},
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
            {.name = "depth-timeout",
             .target = &to.depth_timeout,
             .least = 0.01,
             .most = most_of_all,
             .help = "Longest time for one run of CMD"},
            {.name = "patience",
             .target = &to.patience,
             .least = 0,
             .most = most_of_all,
             .help = "How long a worker may be out of reach before another session takes its place"}};
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
                return run_sessions<follow>(*to, on_signal::keep_code);
            }};
}

}  // namespace nullworker::client
