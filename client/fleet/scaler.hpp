#pragma once

#include <nullworker/base/backoff.hpp>
#include <nullworker/base/clock.hpp>
#include <nullworker/wire/completion.hpp>
#include <nullworker/wire/routing.hpp>
#include <nullworker/wire/status_report.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace nullworker::fleet {

// What an endpoint is configured with, in the units of the wire, and the stand-in's own limits.
struct parameters {
    double target_util = 1.0;  // > 0
    double min_load = 0;
    std::size_t cold_workers = 0;
    std::size_t max_workers = 16;
    seconds max_queue_time{1.0};
    seconds target_queue_time{0.5};
    seconds inactivity_timeout{10.0};
    seconds start_delay{0.0};      // stands for renting and booting a machine
    seconds report_timeout{30.0};  // a worker that says nothing for so long is dead
    seconds error_timeout{15.0};   // a worker that reports an error for so long is replaced
    seconds claim_timeout{10.0};   // a routed request that its worker never names is forgotten
    double nominal_perf = 100.0;   // max_perf of a worker that has not said its own
    std::size_t max_requests = 10000;
};

enum class worker_state {
    creating,  // decided on, not started yet
    loading,   // started, not ready
    idle,
    busy,
    error,     // reports an error_msg
    stopping,  // asked to end
    stopped,   // ended on request; one that is kept can be started again at once: a cold worker
    dead,      // ended by itself, or silent for too long
};

[[nodiscard]] const char* to_string(worker_state state) noexcept;

enum class request_change { queued, routed, working, rejected, finished, lost, dropped };

[[nodiscard]] const char* to_string(request_change change) noexcept;

// What happened, for those who watch.
struct worker_event {
    instant at;
    std::int64_t worker = 0;
    std::optional<worker_state> from;  // nothing for a new worker
    worker_state to = worker_state::creating;
    std::string why;
};

struct request_event {
    instant at;
    std::int64_t request_idx = 0;
    request_change what = request_change::queued;
    std::int64_t worker = 0;  // 0 where none is involved
};

using event = std::variant<worker_event, request_event>;

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

using state_counts = std::map<worker_state, std::size_t>;

// The autoscaler's decisions, without I/O: which request goes to which worker, and how many workers there
// should be. Time is an argument and never runs backwards.
//
// What is documented of Vast's autoscaler is here: capacity wanted = load / target_util, load being the cost
// of every request that waits or has a worker to itself; a worker's implied queue time = its load /
// max_perf. The rest of that algorithm is not public; this one does the plainest thing instead.
//
// A request ends by a completion alone. One that is never completed counts for ever, as it does with Vast.
class scaler {
public:
    explicit scaler(const parameters& values);

    // A client asks for a worker, or asks again: `request_idx` is 0 on the first call. A request keeps its
    // idx for life, an unknown one enters the queue under the idx it brings, and one that has a worker gets
    // the same again, so that a lost reply can be retried. A waiting request that is not asked for during
    // `replay_timeout` is dropped. Older waiting requests that are still asked for go first.
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

    // Counts the workers' silence from now: the listener was away, not they.
    void forgive_silence(instant now);

    // Events since the last call, in order. At most some thousands are kept.
    [[nodiscard]] std::vector<event> take_events();

    // Workers by state; states without one are left out.
    [[nodiscard]] state_counts counts() const;
    [[nodiscard]] std::vector<wire::worker_info> workers() const;
    [[nodiscard]] std::optional<worker_state> state_of(std::int64_t worker) const;

    // Whether the worker was ever ready since its last start.
    [[nodiscard]] bool was_ready(std::int64_t worker) const;

    [[nodiscard]] double load() const;
    [[nodiscard]] double wanted_capacity() const;
    [[nodiscard]] std::size_t requests() const noexcept { return x_requests.size(); }
    [[nodiscard]] const parameters& values() const noexcept { return x_values; }

private:
    using time_point = std::chrono::steady_clock::time_point;
    using tick_count = std::chrono::steady_clock::duration;

    struct worker {
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

    enum class request_state { waiting, routed, working };

    struct request {
        std::int64_t idx = 0;
        std::uint64_t order = 0;  // of entering the queue
        double cost = 0;
        request_state state = request_state::waiting;
        std::int64_t worker = 0;
        time_point asked_at{};  // last
        time_point routed_at{};
        tick_count patience{};
        bool refused = false;   // by its worker, and not asked for since
        bool taken_up = false;  // known from the worker alone
    };

    using request_table = std::map<std::int64_t, request>;

    worker* find(std::int64_t id);
    [[nodiscard]] const worker* find(std::int64_t id) const;
    [[nodiscard]] double perf(const worker& w) const;
    [[nodiscard]] double assigned_load(std::int64_t id) const;
    [[nodiscard]] double live_capacity() const;
    [[nodiscard]] std::size_t live_count() const;
    [[nodiscard]] std::int64_t new_request_idx();
    [[nodiscard]] std::int64_t choose_worker(const request& asking, instant now) const;
    [[nodiscard]] std::string waiting_text() const;

    void change(worker& w, worker_state to, const std::string& why, instant now);
    void tell(const request& r, request_change what, instant now);
    void record(event happened);
    void settle(worker& w, instant now);
    void settle_worker_of(const request& r, instant now);
    request_table::iterator finish(request_table::iterator place, request_change what, instant now);
    void requeue(std::int64_t id, instant now);
    void take_up(worker& w, const std::vector<std::int64_t>& unknown, instant now);
    void count_failed_start(const worker& w, instant now);
    void forget_failures_if_proven(instant now);

    void expire_requests(instant now);
    void bury_silent(std::vector<action>& out, instant now);
    void stop_errored(std::vector<action>& out, instant now);
    void scale_up(instant now);
    void scale_down(std::vector<action>& out, instant now);
    void start_due(std::vector<action>& out, instant now);
    void stop(worker& w, const std::string& why, std::vector<action>& out, instant now);

    parameters x_values;
    std::map<std::int64_t, worker> x_workers;
    request_table x_requests;
    std::deque<std::int64_t> x_finished;  // lately, oldest first: a late report must not revive them
    std::vector<event> x_events;
    std::int64_t x_last_worker = 0;
    std::int64_t x_last_request = 0;
    std::uint64_t x_last_order = 0;
    unsigned x_failed_starts = 0;  // in a row
    backoff x_start_backoff;
    time_point x_no_start_before{};
    bool x_closed = false;
};

}  // namespace nullworker::fleet
