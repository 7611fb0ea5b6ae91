#include "measurements.hpp"
#include "routine.hpp"
#include "side_server.hpp"

#include <nullworker/base/child_process.hpp>
#include <nullworker/wire/routing.hpp>

#include <charconv>
#include <fstream>
#include <sstream>
#include <string>

namespace nullworker::bench {
namespace {

struct load {
    const char* row;
    std::string path;
    std::string body;
};

// The requests of a worker's session, and one that needs none.
std::vector<load> loads_of(const subject& worker, scripted_autoscaler& autoscaler,
                           const open_session& session) {
    constexpr std::int64_t any_request = 1;
    return {
        {"ping", "/ping", lone_ping(autoscaler.grant(worker.url(), any_request))},
        {"session-ping", "/ping", wire::ping_body(session.id, session.grant)},
        {"get", "/session/get", wire::session_body(session.id, session.grant)},
    };
}

// A string of Lua: [==[…]==] takes everything as it is.
std::string in_lua(const std::string& text) {
    return "[==[" + text + "]==]";
}

// The figure behind `name`, or nothing where there is no such line.
std::optional<double> figure(const std::string& output, const std::string& name) {
    std::istringstream lines(output);
    for (std::string line; std::getline(lines, line);)
        if (const auto at = line.find(name); at != line.npos)
            return std::strtod(line.c_str() + at + name.size(), nullptr);
    return std::nullopt;
}

// Thousand requests a second that `url` answers, all of them with success.
asio::awaitable<double> run_wrk(stage& on, std::string url, load what) {
    const auto script = on.options().scratch + "/request.lua";
    std::ofstream(script) << "wrk.method = \"POST\"\n"
                          << "wrk.body = " << in_lua(what.body) << "\n"
                          << "wrk.headers[\"Content-Type\"] = \"application/json\"\n";
    std::string line = "exec wrk -t1 -c32 -d1s -s " + script + " " + url + what.path;
    const auto ended = co_await run_shell(std::move(line));
    if (!ended || ended->code != 0)
        throw bench_error("wrk failed: " + (ended ? ended->described() : ended.error().message()));
    const auto rate = figure(ended->output, "Requests/sec:");
    if (!rate || figure(ended->output, "Non-2xx or 3xx responses:"))
        throw bench_error(url + what.path + " did not answer wrk with success:\n" + ended->output);
    co_return *rate / 1000;
}

}  // namespace

asio::awaitable<void> throughput(stage& on) {
    running_workers workers(on);
    co_await workers.start();
    const auto plain_nginx = nginx(on);
    co_await plain_nginx->start();
    const auto plain_beast = beast(on);
    co_await plain_beast->start();

    struct entrant {
        side who;
        std::string url;
        std::vector<load> loads;
    };
    std::vector<entrant> entrants;
    for (auto& [who, worker] : workers.all()) {
        const auto session = co_await worker->create(long_lifetime);
        entrants.push_back({who, worker->url(), loads_of(*worker, on.autoscaler(), session)});
    }
    // What is asked of them does not matter to them; its size is that of the others.
    const auto loads = entrants.front().loads;
    entrants.push_back({side::nginx, plain_nginx->url(), loads});
    entrants.push_back({side::beast, plain_beast->url(), loads});

    for (int round = 0; round < on.rounds(); ++round)
        for (std::size_t i = 0; i < loads.size(); ++i)
            for (const auto& each : entrants) {
                auto url = each.url;
                auto what = each.loads[i];
                const double rate = co_await run_wrk(on, std::move(url), std::move(what));
                on.book().add(loads[i].row, each.who, rate);
            }
    co_await plain_nginx->stop();
    co_await plain_beast->stop();
    co_await workers.stop();
}

}  // namespace nullworker::bench
