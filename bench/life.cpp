#include "measurements.hpp"
#include "routine.hpp"

#include <fleet/process_launcher.hpp>
#include <nullworker/base/deadline.hpp>

#include <sys/resource.h>

namespace nullworker::bench {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

// After this long no report is held back because another one has just gone out.
constexpr auto past_the_pacing = 150ms;

constexpr auto given_back_within = 10s;

// Spawn to end of a program that does nothing, started as the workers are, in ms.
asio::awaitable<double> do_nothing(stage& on, fleet::process_launcher& launcher, std::int64_t id) {
    const auto began = clock::now();
    if (const auto started = launcher.start({.id = id, .environment = {}, .ports = {}}); !started)
        throw bench_error(on.options().true_program + " cannot be started: " + started.error().message());
    co_await launcher.join();
    co_return in_ms(clock::now() - began);
}

struct start_and_stop {
    double start = 0;  // ms
    double stop = 0;
    int reports = 0;  // from SIGTERM on
};

asio::awaitable<start_and_stop> live_once(stage& on, subject& worker) {
    start_and_stop out;
    const seconds ready = co_await worker.start();
    co_await sleep_for(past_the_pacing);
    const int before = on.autoscaler().reports();
    const seconds gone = co_await worker.stop();
    out.start = ready.count() * 1000;
    out.stop = gone.count() * 1000;
    out.reports = on.autoscaler().reports() - before;
    co_return out;
}

asio::awaitable<void> live_often(stage& on, subject& worker, side who, int times) {
    std::vector<double> starts;
    std::vector<double> stops;
    int most_reports = 0;
    for (int i = 0; i < times; ++i) {
        const auto each = co_await live_once(on, worker);
        starts.push_back(each.start);
        stops.push_back(each.stop);
        most_reports = std::max(most_reports, each.reports);
    }
    on.book().add("start", who, median(starts));
    on.book().add("stop", who, median(stops));
    on.book().add("stop-reports", who, most_reports);
}

asio::awaitable<void> remember_one(stage& on, side who) {
    const auto worker = on.worker(who);
    const seconds ignored = co_await worker->start();
    static_cast<void>(ignored);
    co_await sleep_for(1s);
    on.book().add("memory-idle", who, worker->measure().private_mib);
    const auto times = co_await cycle(*worker, on.amount(10000));
    co_await all_delivered(on, *worker);
    co_await sleep_for(1s);
    const double worked = worker->measure().private_mib;
    on.book().add("memory-worked", who, worked);

    const int count = on.amount(1000);
    {
        std::vector<asio::ip::tcp::socket> crowd;
        for (int i = 0; i < count; ++i) {
            auto one = co_await worker->idle_connection();
            crowd.push_back(std::move(one));
        }
        const double with_crowd = worker->measure().private_mib;
        on.book().add("memory-connection", who, (with_crowd - worked) * 1024 / count);
    }
    co_await sleep_for(given_back_within);
    const auto last = worker->measure();
    on.book().add("memory-left", who, last.private_mib - worked);
    on.book().add("memory-resident", who, last.resident_mib);
    const seconds stopped = co_await worker->stop();
    static_cast<void>(stopped);
}

// What the children that have ended, and theirs, have spent so far.
seconds spent_by_children() {
    rusage spent{};
    ::getrusage(RUSAGE_CHILDREN, &spent);
    const auto all = std::chrono::seconds(spent.ru_utime.tv_sec + spent.ru_stime.tv_sec) +
                     std::chrono::microseconds(spent.ru_utime.tv_usec + spent.ru_stime.tv_usec);
    return all;
}

struct idler {
    side who;
    const char* row;
    bool has_programs;  // it starts some
    std::unique_ptr<subject> worker;
    clock::time_point began;
    std::vector<double> own = {};  // of each round: seconds of processor time a second
};

constexpr double ms_in_a_minute = 60 * 1000;

// Ends it; how many seconds a second its programs took.
asio::awaitable<double> end_idler(idler& each) {
    const auto own = each.worker->measure().processor;
    const auto before = spent_by_children();
    const seconds lasted = clock::now() - each.began;
    const seconds stopped = co_await each.worker->stop();
    static_cast<void>(stopped);
    co_return each.has_programs ? (spent_by_children() - before - own) / lasted : 0.0;
}

struct probe {
    const char* row;
    std::string target;
};

// All of them side by side: they do nothing nearly all the time.
asio::awaitable<std::vector<idler>> start_idlers(stage& on) {
    const std::vector<probe> probes = {{"idle-no-probe", ""},
                                       {"idle-http", on.autoscaler().url() + "/health"},
                                       {"idle-exec", "exec:/bin/true"}};
    std::vector<idler> out;
    int place = 0;
    for (const auto& asked : probes) {
        for (const side who : on.workers()) {
            auto worker = on.worker(who, {}, place);
            if (!asked.target.empty())
                worker->probe(asked.target);
            const auto began = clock::now();
            const seconds ignored = co_await worker->start();
            static_cast<void>(ignored);
            const bool has_programs = asked.target.starts_with("exec:");
            out.push_back({who, asked.row, has_programs, std::move(worker), began});
        }
        ++place;
    }
    co_return out;
}

}  // namespace

asio::awaitable<void> memory(stage& on) {
    for (int round = 0; round < on.rounds(); ++round)
        for (const side who : on.workers())
            co_await remember_one(on, who);
}

asio::awaitable<void> life(stage& on) {
    fleet::process_launcher launcher(on.executor(), {.command = {on.options().true_program}});
    std::int64_t id = 0;
    for (int round = 0; round < on.rounds(); ++round) {
        std::vector<double> nothing;
        for (int i = 0; i < on.amount(20); ++i) {
            const double took = co_await do_nothing(on, launcher, ++id);
            nothing.push_back(took);
        }
        on.book().add("start", side::plain, median(nothing));
        for (const side who : on.workers()) {
            const auto worker = on.worker(who);
            // Another worker takes seconds where nullworkerd takes milliseconds.
            const int times = who == side::against ? 1 : on.amount(10);
            co_await live_often(on, *worker, who, times);
        }
    }
}

// A worker's own time is read when a window of time begins and ends. What the programs cost that it starts is
// known when all is over: by then the kernel has added up what each child and its children took.
asio::awaitable<void> idleness(stage& on) {
    const auto window = on.options().quick ? 10s : 20s;
    auto idlers = co_await start_idlers(on);
    co_await sleep_for(2s);
    for (int round = 0; round < on.rounds(); ++round) {
        std::vector<usage> before;
        before.reserve(idlers.size());
        for (const auto& each : idlers)
            before.push_back(each.worker->measure());
        co_await sleep_for(window);
        for (std::size_t i = 0; i < idlers.size(); ++i) {
            const auto after = idlers[i].worker->measure();
            idlers[i].own.push_back((after.processor - before[i].processor) / (after.at - before[i].at));
        }
    }
    for (auto& each : idlers) {
        const double programs = co_await end_idler(each);
        for (const double own : each.own)
            on.book().add(each.row, each.who, (own + programs) * ms_in_a_minute);
    }
}

}  // namespace nullworker::bench
