// A fleet of real workers on this machine, and what a route costs while sessions come and go: one line of
// JSON.
#include "subject.hpp"

#include <nullworker/base/child_process.hpp>
#include <nullworker/base/deadline.hpp>
#include <nullworker/base/task_group.hpp>
#include <nullworker/wire/routing.hpp>
#include <nullworker/wire/session_messages.hpp>
#include <vast/connections.hpp>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>

namespace nullworker::bench {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

struct fleet_wish {
    std::string client = "nullworker";
    int workers = 100;
    int rounds = 5;
    std::uint16_t port = 26990;
    std::uint16_t worker_port = 30000;
};

class fleet_run {
public:
    fleet_run(asio::any_io_executor executor, fleet_wish wanted)
        : x_executor(executor),
          x_wanted(std::move(wanted)),
          x_lines(executor, std::make_shared<net::tls_trust>(),
                  {.open = static_cast<std::size_t>(x_wanted.workers) * 2 + 64, .to_one = 128}),
          x_sessions(executor) {}

    asio::awaitable<void> run() {
        child_process fleet(
            x_executor, {.command = {x_wanted.client, "fleet", "--port", std::to_string(x_wanted.port),
                                     "--worker-port", std::to_string(x_wanted.worker_port), "--max-workers",
                                     std::to_string(x_wanted.workers), "--json"},
                         .output = ::open("/dev/null", O_WRONLY | O_CLOEXEC)});
        co_await look_up();
        const auto begun = steady::now();
        for (int i = 0; i < x_wanted.workers; ++i)
            x_sessions.spawn(live());
        while (x_held < x_wanted.workers && !x_all_ready)
            co_await look_at_workers();
        const seconds ready = steady::now() - begun;
        x_measures = true;
        co_await x_sessions.join();
        fleet.signal(SIGTERM);
        const int code = co_await fleet.wait();
        std::sort(x_routes.begin(), x_routes.end());
        const auto at = [&](double share) {
            return x_routes[static_cast<std::size_t>(share * static_cast<double>(x_routes.size() - 1))];
        };
        std::printf(
            "{\"row\":\"fleet_of_many\",\"workers\":%d,\"ready_s\":%.3f,\"sessions\":%d,\"routes\":%zu,"
            "\"route_ms\":{\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f},\"exit\":%d}\n",
            x_wanted.workers, ready.count(), x_ended, x_routes.size(), at(0.5), at(0.99), x_routes.back(),
            code);
    }

private:
    asio::awaitable<net::reply> post(url target, std::string body, std::string bearer = {}) {
        net::call request{.method = net::verb::post, .target = std::move(target), .body = std::move(body)};
        if (!bearer.empty())
            request.headers.emplace_back("Authorization", "Bearer " + bearer);
        auto answer = co_await x_lines.send(std::move(request));
        if (!answer)
            throw bench_error("no answer: " + answer.error().message());
        co_return std::move(*answer);
    }

    [[nodiscard]] url at_autoscaler(const std::string& path) const {
        return parse_url("http://127.0.0.1:" + std::to_string(x_wanted.port) + path).value();
    }

    asio::awaitable<void> look_up() {
        for (const auto end = steady::now() + 10s; steady::now() < end;) {
            net::call request{.target = at_autoscaler("/api/v0/endptjobs/")};
            request.headers.emplace_back("Authorization", "Bearer any");
            const auto answer = co_await x_lines.send(std::move(request));
            const auto found = answer ? wire::parse_endpoint_list(answer->body)
                                      : result<std::vector<wire::endpoint_info>>(answer.error());
            if (found && !found->empty()) {
                x_endpoint = found->front();
                co_return;
            }
            co_await sleep_for(20ms);
        }
        throw bench_error("the fleet does not answer");
    }

    asio::awaitable<void> look_at_workers() {
        auto body = wire::to_json(wire::workers_request{x_endpoint.id, x_endpoint.api_key});
        auto target = at_autoscaler("/get_endpoint_workers/");
        const auto answer = co_await post(std::move(target), std::move(body));
        const auto workers = wire::parse_workers(answer.body);
        const auto ready =
            workers
                ? std::count_if(workers->begin(), workers->end(),
                                [](const auto& one) { return one.status == "idle" || one.status == "busy"; })
                : 0;
        x_all_ready = ready >= x_wanted.workers;
        if (!x_all_ready)
            co_await sleep_for(20ms);
    }

    // A client that has sessions, one after the other: the first begins before there is a worker.
    asio::awaitable<void> live() {
        std::minstd_rand dice(static_cast<unsigned>(++x_begun));
        for (int round = 0; round < x_wanted.rounds; ++round) {
            const auto [worker, grant] = co_await find_worker(dice);
            auto body = wire::create_body(grant, {.lifetime = seconds(60.0)});
            auto target = join(worker, "/session/create");
            const auto made = co_await post(std::move(target), std::move(body));
            const auto session = wire::parse_session_created(made.body);
            if (!session)
                throw bench_error("a create was answered " + std::to_string(made.status));
            ++x_held;
            while (!x_measures)
                co_await sleep_for(20ms);
            co_await sleep_for(std::chrono::milliseconds(100 + dice() % 200));
            auto end = wire::session_body(session->session_id, grant);
            auto there = join(worker, "/session/end");
            (void)co_await post(std::move(there), std::move(end));
            ++x_ended;
            co_await sleep_for(std::chrono::milliseconds(50 + dice() % 200));
        }
    }

    struct found {
        url worker;
        wire::json_value grant;
    };

    asio::awaitable<found> find_worker(std::minstd_rand& dice) {
        std::int64_t idx = 0;
        for (;;) {
            auto body = wire::to_json(wire::route_request{
                .endpoint = x_endpoint.endpoint_name, .api_key = x_endpoint.api_key, .request_idx = idx});
            auto target = at_autoscaler("/route/");
            auto bearer = x_endpoint.api_key;
            const auto asked = steady::now();
            const auto answer = co_await post(std::move(target), std::move(body), std::move(bearer));
            if (x_measures)
                x_routes.push_back(seconds(steady::now() - asked).count() * 1000);
            const auto told = wire::parse_route_reply(answer.body);
            if (!told)
                throw bench_error("a route was answered " + std::to_string(answer.status));
            idx = told->request_idx;
            if (told->worker)
                co_return found{parse_url(told->worker->url).value(), told->worker->grant};
            co_await sleep_for(std::chrono::milliseconds(100 + dice() % 100));
        }
    }

    asio::any_io_executor x_executor;
    fleet_wish x_wanted;
    client::connections x_lines;
    wire::endpoint_info x_endpoint;
    std::vector<double> x_routes;  // ms
    int x_begun = 0;
    int x_held = 0;
    int x_ended = 0;
    bool x_all_ready = false;
    bool x_measures = false;
    task_group x_sessions;
};

}  // namespace
}  // namespace nullworker::bench

int main(int argc, char** argv) {
    using namespace nullworker;
    bench::fleet_wish wanted;
    CLI::App app("A fleet of real workers on this machine");
    app.add_option("--client", wanted.client, "The program that is the fleet");
    app.add_option("--workers", wanted.workers, "How many workers, and sessions at once");
    app.add_option("--rounds", wanted.rounds, "How many sessions each client has, one after the other");
    app.add_option("--port", wanted.port, "The autoscaler's");
    app.add_option("--worker-port", wanted.worker_port, "That of the first worker");
    CLI11_PARSE(app, argc, argv);
    asio::io_context context(1);
    bench::fleet_run one(context.get_executor(), wanted);
    asio::co_spawn(context, one.run(), [](std::exception_ptr thrown) {
        if (thrown)
            std::rethrow_exception(thrown);
    });
    context.run();
    return 0;
}
