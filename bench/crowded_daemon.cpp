// What a daemon's latency becomes while many wait for its session and many do nothing: one line of JSON.
#include "scripted_autoscaler.hpp"
#include "subject.hpp"

#include <nullworker/base/deadline.hpp>
#include <nullworker/base/task_group.hpp>
#include <nullworker/wire/json_value.hpp>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <sys/resource.h>

namespace nullworker::bench {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

struct crowd_wish {
    std::string worker = "nullworkerd";
    std::string state = "none";
    int polls = 500;
    int idle = 1000;
    int samples = 100;
    std::uint16_t port = 26900;
};

struct latencies {
    std::vector<double> create;  // ms
    std::vector<double> report;
};

double part(std::vector<double> values, double share) {
    std::sort(values.begin(), values.end());
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

class crowd_run {
public:
    crowd_run(asio::any_io_executor executor, crowd_wish wanted)
        : x_executor(executor),
          x_wanted(std::move(wanted)),
          x_autoscaler(executor),
          x_worker(executor, x_autoscaler, {x_wanted.worker}, x_wanted.port),
          x_polling(executor) {
        x_worker.keep_state_in(x_wanted.state);
    }

    asio::awaitable<void> run() {
        (void)co_await x_worker.start();
        const auto alone = co_await sample();
        std::vector<asio::ip::tcp::socket> idle;
        for (int i = 0; i < x_wanted.idle; ++i) {
            auto one = co_await x_worker.idle_connection();
            idle.push_back(std::move(one));
        }
        for (int i = 0; i < x_wanted.polls; ++i)
            x_polling.spawn(poll());
        co_await all_wait();
        const auto crowded = co_await sample();
        std::printf(
            "{\"row\":\"crowded_daemon\",\"state\":%s,\"polls\":%d,\"idle\":%d,"
            "\"create_ms\":{\"alone\":{\"p50\":%.3f,\"p90\":%.3f},\"crowded\":{\"p50\":%.3f,\"p90\":%.3f}},"
            "\"report_ms\":{\"alone\":{\"p50\":%.3f,\"p90\":%.3f},\"crowded\":{\"p50\":%.3f,\"p90\":%.3f}},"
            "\"answered_polls\":%llu,\"broken_polls\":%llu}\n",
            x_wanted.state == "none" ? "false" : "true", x_wanted.polls, x_wanted.idle,
            part(alone.create, 0.5), part(alone.create, 0.9), part(crowded.create, 0.5),
            part(crowded.create, 0.9), part(alone.report, 0.5), part(alone.report, 0.9),
            part(crowded.report, 0.5), part(crowded.report, 0.9), static_cast<unsigned long long>(x_answered),
            static_cast<unsigned long long>(x_broken));
        x_polling.cancel();
        co_await x_polling.join();
        (void)co_await x_worker.stop();
        co_await x_autoscaler.stop();
    }

private:
    // Sessions come and go, with time in between for everybody to be quiet again.
    asio::awaitable<latencies> sample() {
        latencies out;
        for (int i = 0; i < x_wanted.samples; ++i) {
            co_await all_wait();
            co_await sleep_for(120ms);  // past the distance of two reports
            const auto asked = steady::now();
            const auto session = co_await x_worker.create(seconds(600.0));
            out.create.push_back(seconds(steady::now() - asked).count() * 1000);
            std::function<bool()> is_told = [this] { return x_autoscaler.report()->cur_load > 0; };
            const bool told = co_await x_autoscaler.until(std::move(is_told), 10s);
            if (!told)
                throw bench_error("a session was not reported");
            out.report.push_back(seconds(x_autoscaler.reported_at() - asked).count() * 1000);
            co_await all_wait();
            co_await sleep_for(120ms);
            co_await x_worker.end(session);
            std::function<bool()> is_free = [this] { return x_autoscaler.report()->cur_load <= 0; };
            const bool freed = co_await x_autoscaler.until(std::move(is_free), 10s);
            if (!freed)
                throw bench_error("the end of a session was not reported");
        }
        co_return out;
    }

    // A consumer that waits for the next session, and again.
    asio::awaitable<void> poll() {
        net::http_client client(x_executor, std::make_shared<net::tls_trust>());
        std::string generation;
        for (;;) {
            net::call request{.target = parse_url("http://127.0.0.1:" + std::to_string(x_wanted.port + 2) +
                                                  "/session?wait=600&since=" + generation)
                                            .value(),
                              .limit = 660s};
            if (generation.empty())
                request.target =
                    parse_url("http://127.0.0.1:" + std::to_string(x_wanted.port + 2) + "/session").value();
            else
                ++x_waiting;
            const auto answer = co_await client.send(std::move(request));
            x_waiting -= generation.empty() ? 0 : 1;
            x_answered += answer && !generation.empty() ? 1 : 0;
            if (!answer) {
                ++x_broken;
                co_await sleep_for(100ms);
                continue;
            }
            const auto told = wire::json_value::parse(answer->body);
            generation =
                told ? told->text_at("session.generation").value_or(told->text_at("generation").value_or("0"))
                     : "0";
        }
    }

    asio::awaitable<void> all_wait() {
        while (x_waiting < x_wanted.polls && x_answered + static_cast<unsigned>(x_waiting) > 0)
            co_await sleep_for(5ms);
    }

    asio::any_io_executor x_executor;
    crowd_wish x_wanted;
    scripted_autoscaler x_autoscaler;
    subject x_worker;
    int x_waiting = 0;
    std::uint64_t x_answered = 0;
    std::uint64_t x_broken = 0;
    task_group x_polling;
};

}  // namespace
}  // namespace nullworker::bench

int main(int argc, char** argv) {
    using namespace nullworker;
    bench::crowd_wish wanted;
    CLI::App app("What a daemon's latency becomes while many wait for its session");
    app.add_option("--worker", wanted.worker, "The program that is measured");
    app.add_option("--state", wanted.state, "Its state directory");
    app.add_option("--polls", wanted.polls, "How many wait for the session to change");
    app.add_option("--idle", wanted.idle, "How many connections to the public port do nothing");
    app.add_option("--samples", wanted.samples, "How many sessions come and go");
    app.add_option("--port", wanted.port, "The first of its three ports");
    CLI11_PARSE(app, argc, argv);
    rlimit limit{};
    (void)::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
    asio::io_context context(1);
    bench::crowd_run one(context.get_executor(), wanted);
    asio::co_spawn(context, one.run(), [](std::exception_ptr thrown) {
        if (thrown)
            std::rethrow_exception(thrown);
    });
    context.run();
    return 0;
}
