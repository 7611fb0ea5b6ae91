#pragma once

#include <fleet/events.hpp>
#include <fleet/open_queues.hpp>
#include <fleet/parameters.hpp>
#include <fleet/request_table.hpp>
#include <fleet/worker_pool.hpp>
#include <nullworker/base/clock.hpp>
#include <nullworker/wire/completion.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace nullworker::fleet {

// The answers to a client that asks for a worker.
struct ready {
    std::int64_t worker = 0;
    std::string url;
    std::int64_t request_idx = 0;
    double cost = 0;
};
struct waiting {
    std::string text;
    std::int64_t request_idx = 0;  // 0 when the queue is full
};
using route_outcome = std::variant<ready, waiting>;

// The autoscaler's decisions, without I/O: which request goes to which worker, and how many workers there
// should be. Time is an argument and never runs backwards.
//
// What is documented of Vast's autoscaler is here: capacity wanted = load / target_util, load being the cost
// of every request that waits or has a worker to itself; a worker's implied queue time = its load /
// max_perf. The rest of that algorithm is not public; this one does the plainest thing instead.
class scaler {
public:
    explicit scaler(const parameters& values);
    scaler(const scaler&) = delete;
    scaler& operator=(const scaler&) = delete;

    // A client asks for a worker, or asks again: `request_idx` is 0 on the first call. A request keeps its
    // idx for life, an unknown request enters the queue under the idx it brings, and one that has a worker
    // gets the same worker again, so that a lost reply can be retried. A waiting request that is not asked
    // for during `replay_timeout` is dropped. Older waiting requests that are still asked for go first.
    [[nodiscard]] route_outcome route(std::int64_t request_idx, double cost, seconds replay_timeout,
                                      instant now);

    // A worker tells its state; false when it is none of ours. A request that it works on but that is not in
    // the table (the claim came too late) is taken up again.
    bool on_report(const wire::status_report& report, instant now);

    // Requests ended at a worker. Only those assigned to it are touched: a Rejected that arrives late says
    // nothing about the worker that has the request now. A rejected request waits again.
    bool on_completions(const wire::completion_batch& batch, instant now);

    // A worker's process is gone, or could not be started. Its requests wait again.
    void on_exit(std::int64_t worker, const std::string& how, instant now);

    // What is due. The caller carries it out; each action is returned once.
    [[nodiscard]] std::vector<action> plan(instant now);

    // When plan() may have something to do next, if nothing happens before; time_point::max() for never.
    [[nodiscard]] std::chrono::steady_clock::time_point next_wake(instant now) const;

    // Stops every worker, and starts none from here on.
    [[nodiscard]] std::vector<action> close(instant now);

    // Counts the silence of workers and clients, and the time of errors, from now: the listener was away, not
    // they.
    void forgive_silence(instant now) {
        x_workers.forgive_silence(now);
        x_requests.forgive_silence(now);
    }

    // Events since the last call, in order. At most some thousands are kept.
    [[nodiscard]] std::vector<event> take_events() { return x_events.take(); }

    // From here on with other values. What they are to change is in the next plan().
    void change(const parameters& values) { x_values = values; }

    // Workers by state; states without one are left out.
    [[nodiscard]] state_counts counts() const { return x_workers.counts(); }
    [[nodiscard]] std::vector<wire::worker_info> workers() const { return x_workers.describe(); }
    [[nodiscard]] std::optional<worker_state> state_of(std::int64_t worker) const;

    [[nodiscard]] const start_trouble& trouble() const noexcept { return x_workers.trouble(); }

    // Whether the worker was ever ready since its last start.
    [[nodiscard]] bool was_ready(std::int64_t worker) const;

    [[nodiscard]] double load() const { return x_requests.load(); }
    [[nodiscard]] double serving_capacity() const { return x_workers.serving_capacity(); }
    [[nodiscard]] double wanted_capacity() const;
    [[nodiscard]] std::size_t requests() const noexcept { return x_requests.size(); }
    [[nodiscard]] const parameters& values() const noexcept { return x_values; }

private:
    [[nodiscard]] bool keeps(const request& asking) const;
    [[nodiscard]] std::int64_t choose_worker(const request& asking, instant now);
    void refresh_queues();
    [[nodiscard]] std::string waiting_text() const;
    [[nodiscard]] std::string trouble_text() const;
    void settle(std::int64_t worker, instant now);

    parameters x_values;
    event_log x_events;
    request_table x_requests;
    worker_pool x_workers;
    open_queues x_queues;  // as they were when somebody last asked for a worker
};

}  // namespace nullworker::fleet
