#include <commands/follow_rehearsal.hpp>
#include <follow/rehearsal.hpp>
#include <follow/said_once.hpp>
#include <nullworker/base/interruption.hpp>
#include <terminal/progress.hpp>
#include <terminal/runner.hpp>

#include <chrono>
#include <cstdio>
#include <string>
#include <utility>

namespace nullworker::client {
namespace {

std::string sessions(int count) {
    return std::to_string(count) + (count == 1 ? " session" : " sessions");
}

std::string described(const rehearsal::decision& what) {
    const auto open = sessions(what.open) + (what.open == 1 ? " is open" : " are open");
    if (what.opened > 0)
        return "opens " + sessions(what.opened) + ", and " + open;
    if (what.given_back > 0)
        return "gives back " + sessions(what.given_back) + ", and " + open;
    return "changes nothing, and " + open;
}

asio::awaitable<int> rehearse(const follow_options& options, interruption& stop) {
    progress show(stdout, options.json ? progress::form::json : progress::form::lines, 0,
                  progress::view::none);
    show.note("a rehearsal: nothing is opened, and each session is imagined to stay until it is given back");
    rehearsal plan(options.limits());
    said_once remarks;
    while (!stop.requested()) {
        auto working = run_depth(options.depth);
        const auto heard = co_await unless_stopped(stop, std::move(working));
        if (!heard)
            break;
        if (const auto& told = *heard; told) {
            for (const auto& line : remarks.news(told->remarks))
                show.note("the command of --depth says: " + line);
            const auto depth = told->jobs;
            const auto what = plan.look(depth, std::chrono::steady_clock::now());
            show.tell("decision",
                      {{"depth", depth},
                       {"opened", std::int64_t{what.opened}},
                       {"given_back", std::int64_t{what.given_back}},
                       {"open", std::int64_t{what.open}}},
                      "work: " + std::to_string(depth) + ", which " + described(what));
        } else {
            show.note("cannot tell how much work there is: " + told.error().message +
                      "; everything stays as it is");
        }
        co_await stop.wait_for(to_ticks(options.interval));
    }
    co_return exit_done;
}

}  // namespace

int rehearse_follow(const follow_options& options) {
    command work = [&options](const asio::any_io_executor&, interruption& stop) {
        return rehearse(options, stop);
    };
    return run(std::move(work), on_signal::keep_code);
}

}  // namespace nullworker::client
