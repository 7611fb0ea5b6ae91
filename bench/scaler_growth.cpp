// How the scaler's work grows with the number of workers and sessions: one line of JSON.
#include <fleet/scaler.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <utility>
#include <variant>
#include <vector>

namespace nullworker::bench {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::array<std::size_t, 3> sizes = {100, 1000, 10000};
constexpr int runs = 5;
constexpr double most_growth = 1.1;

// The life of a fleet: everybody asks, workers start, everybody is served, reports and leaves, and the last
// worker stops. After every event it is told what is due and when to look again, as the fleet does.
class life {
public:
    explicit life(std::size_t size)
        : x_size(size),
          x_scaler(fleet::parameters{.max_workers = size,
                                     .inactivity_timeout = seconds(10.0),
                                     .report_timeout = seconds(1e6),
                                     .max_requests = size}) {}

    // How many events there were.
    std::size_t run() {
        for (std::size_t i = 0; i < x_size; ++i)
            x_requests.push_back(ask(0));
        start_all();
        for (const auto worker : x_workers)
            report(worker, {});
        for (const auto request : x_requests)
            ask(request);
        for (const auto& [worker, request] : x_held)
            report(worker, {request});
        for (const auto& [worker, request] : x_held)
            complete(worker, request);
        for (const auto& [worker, request] : x_held)
            report(worker, {});
        while (!x_scaler.counts().empty())
            pass_on();
        return x_events;
    }

    [[nodiscard]] bool was_whole() const { return x_held.size() == x_size && x_stopped == x_size; }

private:
    struct session {
        std::int64_t worker;
        std::int64_t request;
    };

    std::int64_t ask(std::int64_t request) {
        const auto told = x_scaler.route(request, 100, 3600s, x_now);
        settle();
        if (const auto* granted = std::get_if<fleet::ready>(&told)) {
            x_held.push_back({granted->worker, granted->request_idx});
            return granted->request_idx;
        }
        return std::get<fleet::waiting>(told).request_idx;
    }

    void report(std::int64_t worker, std::vector<std::int64_t> working) {
        wire::status_report said;
        said.id = worker;
        said.url = "http://127.0.0.1:1";
        said.max_perf = 100;
        said.cur_load = working.empty() ? 0 : 100;
        said.working_request_idxs = std::move(working);
        x_scaler.on_report(said, x_now);
        settle();
    }

    void complete(std::int64_t worker, std::int64_t request) {
        wire::completion_batch batch;
        batch.worker_id = worker;
        batch.requests.push_back({.request_idx = request, .status = wire::completion_status::success});
        x_scaler.on_completions(batch, x_now);
        settle();
    }

    void start_all() {
        while (x_workers.size() < x_size)
            pass_on();
    }

    // To the next moment at which something is due.
    void pass_on() {
        const auto next = x_scaler.next_wake(x_now);
        if (next > x_now.monotonic && next != steady::time_point::max())
            x_now = x_now.after(next - x_now.monotonic);
        settle();
    }

    // A moment passes with every event: no two deadlines are one.
    void settle() {
        ++x_events;
        x_now = x_now.after(milliseconds(1) / static_cast<int>(x_size / 100));
        for (const auto& due : x_scaler.plan(x_now)) {
            if (const auto* start = std::get_if<fleet::start_worker>(&due))
                x_workers.push_back(start->worker);
            if (const auto* stop = std::get_if<fleet::stop_worker>(&due))
                x_stopping.push_back(stop->worker);
        }
        for (; !x_stopping.empty(); x_stopping.pop_front(), ++x_stopped)
            x_scaler.on_exit(x_stopping.front(), "exited with status 0", x_now);
        (void)x_scaler.next_wake(x_now);
        (void)x_scaler.take_events();
    }

    std::size_t x_size;
    fleet::scaler x_scaler;
    instant x_now = now();
    std::vector<std::int64_t> x_requests;
    std::vector<std::int64_t> x_workers;
    std::vector<session> x_held;
    std::deque<std::int64_t> x_stopping;
    std::size_t x_stopped = 0;
    std::size_t x_events = 0;
};

// The shortest of some runs: what disturbs a run can only make it longer.
double seconds_for(std::size_t size) {
    double best = 1e9;
    for (int i = 0; i < runs; ++i) {
        life one(size);
        const auto begun = steady::now();
        one.run();
        best = std::min(best, seconds(steady::now() - begun).count());
        if (!one.was_whole()) {
            std::fprintf(stderr, "a run with %zu workers was not whole\n", size);
            std::exit(2);
        }
    }
    return best;
}

int measure() {
    std::array<double, sizes.size()> took{};
    for (std::size_t i = 0; i < sizes.size(); ++i)
        took[i] = seconds_for(sizes[i]);
    const double whole = std::log10(took[2] / took[0]) / std::log10(100.0);
    const double upper = std::log10(took[2] / took[1]);
    std::printf(
        "{\"row\":\"scaler_growth\",\"seconds\":{\"100\":%.6f,\"1000\":%.6f,\"10000\":%.6f},"
        "\"exponent\":%.3f,\"exponent_upper\":%.3f,\"must\":%.1f,\"ok\":%s}\n",
        took[0], took[1], took[2], whole, upper, most_growth, whole <= most_growth ? "true" : "false");
    return whole <= most_growth ? 0 : 1;
}

}  // namespace
}  // namespace nullworker::bench

int main() {
    return nullworker::bench::measure();
}
