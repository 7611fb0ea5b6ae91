#pragma once

#include <fleet/counted_sum.hpp>
#include <fleet/events.hpp>
#include <fleet/parameters.hpp>
#include <fleet/timetable.hpp>
#include <nullworker/base/backoff.hpp>
#include <nullworker/base/clock.hpp>
#include <nullworker/wire/routing.hpp>
#include <nullworker/wire/status_report.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace nullworker::fleet {

// Started, or about to be, and not on its way out: what counts as capacity.
[[nodiscard]] constexpr bool is_live(worker_state state) {
    return state <= worker_state::error;
}

[[nodiscard]] constexpr bool is_running(worker_state state) {
    return is_live(state) && state != worker_state::creating;
}

[[nodiscard]] constexpr bool takes_requests(worker_state state) {
    return state == worker_state::idle || state == worker_state::busy;
}

inline constexpr std::size_t worker_states = static_cast<std::size_t>(worker_state::dead) + 1;

struct worker {
    using time_point = std::chrono::steady_clock::time_point;

    std::int64_t id = 0;
    worker_state state = worker_state::creating;
    instant start_at{};  // due while creating, done afterwards
    time_point created_at{};
    time_point heard_at{};
    time_point idle_since{};
    std::optional<time_point> error_since = {};
    std::optional<instant> ready_at = {};
    bool keep_cold = false;  // stopped for want of work, not for a fault
    double load_average = 0;
    double disk_usage = 0;
    wire::status_report report = {};
};

// What is to be done to a worker's process, now.
struct start_worker {
    std::int64_t worker = 0;
};
struct stop_worker {
    std::int64_t worker = 0;
};
struct kill_worker {  // it no longer listens
    std::int64_t worker = 0;
};
using action = std::variant<start_worker, stop_worker, kill_worker>;

// Workers that could not start, or ended before they were of any use.
struct start_trouble {
    unsigned in_a_row = 0;  // up to now
    std::string last;       // what became of the last one
};

using state_counts = std::map<worker_state, std::size_t>;

// The workers, without I/O: what each is doing by its own account, and how many there should be for the
// capacity that is wanted. Requests are nothing but load here.
class worker_pool {
public:
    using time_point = worker::time_point;

    // `values` and `log` must outlive it.
    worker_pool(const parameters& values, event_log& log);

    [[nodiscard]] const worker* find(std::int64_t id) const;
    [[nodiscard]] const std::map<std::int64_t, worker>& all() const noexcept { return x_workers; }
    [[nodiscard]] state_counts counts() const;
    [[nodiscard]] std::vector<wire::worker_info> describe() const;

    // How much load the worker takes in a second.
    [[nodiscard]] double perf(const worker& w) const;

    // That of all who take requests.
    [[nodiscard]] double serving_capacity() const;

    // The ids of those in that state.
    [[nodiscard]] const std::set<std::int64_t>& in(worker_state state) const {
        return x_by_state[static_cast<std::size_t>(state)];
    }

    // The workers whose state or report may have changed since the last call.
    [[nodiscard]] std::set<std::int64_t> take_touched() { return std::exchange(x_touched, {}); }

    // How many there are that count as capacity.
    [[nodiscard]] std::size_t live_count() const;

    [[nodiscard]] const start_trouble& trouble() const noexcept { return x_trouble; }

    // A worker tells its state; false when it is none that can have been started. To be settled afterwards.
    bool hear(const wire::status_report& report, instant now);

    // A request of that cost ended at the worker; the report that says so may be a moment behind.
    void relieve(std::int64_t id, double cost);

    // Brings the state of a running worker in line with its report and with the load that it was given.
    void settle(std::int64_t id, double assigned, instant now);

    // The process of a worker that is in the pool is gone, or could not be started.
    void end(std::int64_t id, const std::string& how, instant now);

    // Gives up those that said nothing for too long: they are returned, and their processes to be killed.
    [[nodiscard]] std::vector<std::int64_t> bury_silent(instant now);

    // What is due so that there is the capacity wanted, and not much more.
    void plan(double wanted, std::vector<action>& out, instant now);

    // When bury_silent() or plan() may have something to do next, if nothing happens before;
    // time_point::max() for never.
    [[nodiscard]] time_point next_deadline(instant now) const;

    // Stops every worker, and starts none from here on.
    void close(std::vector<action>& out, instant now);
    [[nodiscard]] bool closed() const noexcept { return x_closed; }

    // Counts the workers' silence from now.
    void forgive_silence(instant now);

private:
    [[nodiscard]] double live_capacity() const;
    [[nodiscard]] double least_perf() const;

    [[nodiscard]] std::set<std::int64_t>& in(worker_state state) {
        return x_by_state[static_cast<std::size_t>(state)];
    }
    void track(const worker& w);
    void forget(std::int64_t id);
    void judge(worker& w, double assigned, instant now);
    void erase(std::int64_t id);
    void change(worker& w, worker_state to, const std::string& why, instant now);
    void stop(worker& w, const std::string& why, std::vector<action>& out, instant now);
    void count_failed_start(const worker& w, const std::string& how, instant now);
    void forget_failures_if_proven(instant now);

    void stop_errored(std::vector<action>& out, instant now);
    void scale_down(double wanted, std::vector<action>& out, instant now);
    void scale_up(double wanted, instant now);
    void create(instant now);
    void start_due(std::vector<action>& out, instant now);

    const parameters& x_values;
    event_log& x_log;
    std::map<std::int64_t, worker> x_workers;
    std::array<std::set<std::int64_t>, worker_states> x_by_state;
    std::set<std::int64_t> x_touched;

    // What the workers come to, brought up to date by track() alone.
    counted_sum x_own_perfs;  // of those that are live and have said their own
    std::unordered_map<std::int64_t, double> x_perf_counted;
    timetable x_heard;     // running ones, by when they were heard last
    timetable x_errored;   // those that report an error, by since when
    timetable x_idle;      // by since when
    timetable x_created;   // those that are to be started, by when that was decided
    timetable x_to_start;  // and by when they are
    timetable x_serving;   // those that take requests, by when they were ready

    std::int64_t x_last_id = 0;
    start_trouble x_trouble;
    backoff x_start_backoff;
    time_point x_no_start_before{};
    bool x_closed = false;
};

}  // namespace nullworker::fleet
