#pragma once

#include <fleet/counted_sum.hpp>
#include <fleet/events.hpp>
#include <fleet/parameters.hpp>
#include <fleet/ranked.hpp>
#include <fleet/timetable.hpp>
#include <nullworker/base/clock.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace nullworker::fleet {

enum class request_state { waiting, routed, working };

// A client's wish for a worker.
struct request {
    using time_point = std::chrono::steady_clock::time_point;

    std::int64_t idx = 0;
    std::uint64_t order = 0;  // of entering the queue
    double cost = 0;
    request_state state = request_state::waiting;
    std::int64_t worker = 0;  // that has it; 0 while it waits
    time_point asked_at{};    // last
    time_point routed_at{};
    time_point::duration patience{};
    bool refused = false;   // by its worker, and not asked for since
    bool taken_up = false;  // known from the worker alone
};

// What a worker says it works on.
struct work_report {
    std::int64_t worker = 0;
    std::set<std::int64_t> requests;
    double load = 0;  // of all of them together
};

// The requests, those that wait and those that a worker has, without I/O. Workers are numbers here; which one
// a request gets is decided elsewhere.
//
// A request ends by a completion alone. A request that is never completed counts for ever, as it does with
// Vast.
class request_table {
public:
    using time_point = request::time_point;

    // `values` and `log` must outlive it.
    request_table(const parameters& values, event_log& log) : x_values(values), x_log(log) {}

    // A client asks for request `idx`. An unknown request enters the queue under the idx that it brings, and
    // under a new one where that is 0. While it waits, who does not ask again during `replay_timeout` loses
    // it. nullptr when the table is full.
    const request* ask(std::int64_t idx, double cost, seconds replay_timeout, instant now);

    [[nodiscard]] const request* find(std::int64_t idx) const;
    [[nodiscard]] std::size_t size() const noexcept { return x_requests.size(); }

    // What follows takes the idx of a request that is in the table.

    // The request gets a worker.
    void route(std::int64_t idx, std::int64_t worker, instant now);

    // The client was told once more which worker its request has.
    void route_again(std::int64_t idx, instant now);

    // The request has no worker, or none that is of use to it: it waits, and may cost something else than
    // before.
    void wait(std::int64_t idx, double cost);

    // The worker does not take the request, which waits again.
    void reject(std::int64_t idx, instant now);

    void finish(std::int64_t idx, instant now);

    // A worker names what it works on. A request that is not in the table (its claim came too late) is taken
    // up again; a request that is known from its worker alone ends when the worker no longer names it.
    void claim(const work_report& said, instant now);

    // The worker is gone: what it had waits again.
    void requeue(std::int64_t worker, instant now);

    // Drops what nobody asks for any more and what was never claimed; the workers that had such requests.
    std::vector<std::int64_t> expire(instant now);

    // Nobody could be heard until now: the time of clients and of workers begins anew.
    void forgive_silence(instant now);

    // When the next request is dropped; time_point::max() for never.
    [[nodiscard]] time_point next_deadline() const;

    // The costs of the requests that go before `asking`: older, waiting and still asked for. In their order.
    [[nodiscard]] std::vector<double> costs_before(const request& asking, instant now);

    // How many they are.
    [[nodiscard]] std::size_t count_before(const request& asking, instant now);

    // What each request that waits and is still asked for costs, where all of them cost the same.
    [[nodiscard]] std::optional<double> common_cost(instant now);

    // The cost of all that `worker` has.
    [[nodiscard]] double load_of(std::int64_t worker) const;

    // The cost of every request that asks for capacity: that waits, or has a worker to itself.
    [[nodiscard]] double load() const { return x_wanting.total(); }

    // The workers whose load may have changed since the last call.
    [[nodiscard]] std::set<std::int64_t> take_touched() { return std::exchange(x_touched, {}); }

private:
    using table = std::map<std::int64_t, request>;

    struct holding {
        std::map<std::int64_t, const request*> requests;  // by idx
        double load = 0;
        std::vector<double> wanting;  // what of it asks for capacity
    };

    [[nodiscard]] std::int64_t new_idx();
    void take_up(const work_report& said, const std::vector<std::int64_t>& unknown, instant now);
    void list(const request& r);
    void unlist(const request& r);
    [[nodiscard]] static std::vector<double> wanting_of(const holding& held);
    void sum_up(std::int64_t worker);
    void leave_line(const request& r);
    void lapse(instant now);
    [[nodiscard]] std::vector<std::int64_t> held_by(std::int64_t worker) const;

    // Whatever changes a request that is in the table does so by this.
    template <class Change>
    void amend(request& r, const Change& change) {
        unlist(r);
        change(r);
        list(r);
    }

    table::iterator remove(table::iterator place, request_change what, instant now);
    void tell(const request& r, request_change what, instant now);

    const parameters& x_values;
    event_log& x_log;
    table x_requests;
    std::map<std::int64_t, holding> x_held;  // by worker
    std::set<std::int64_t> x_touched;

    // Those that wait and are still asked for.
    ranked_map<std::uint64_t, const request*> x_line;            // by order
    std::set<std::pair<time_point, std::uint64_t>> x_by_asking;  // by when they were asked for
    counted_sum x_costs;                                         // of each

    counted_sum x_wanting;    // the cost of what asks for capacity
    timetable x_to_wait_for;  // who waits, by when that ends unless somebody asks
    timetable x_routed;       // who was routed, by when

    std::deque<std::int64_t> x_finished;  // lately, oldest first: a late report must not revive them
    std::int64_t x_last_idx = 0;
    std::uint64_t x_last_order = 0;
};

}  // namespace nullworker::fleet
