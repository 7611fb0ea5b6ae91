#pragma once

#include <fleet/worker_pool.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

// The pool as it was before its deadlines stood in order: every answer is worked out from all workers.
namespace nullworker::fleet::plain {

using namespace std::chrono_literals;

class plain_pool {
public:
    using time_point = worker::time_point;

    plain_pool(const parameters& values, event_log& log);

    const worker* find(std::int64_t id) const;
    const std::map<std::int64_t, worker>& all() const noexcept { return x_workers; }
    state_counts counts() const;
    std::vector<wire::worker_info> describe() const;

    double perf(const worker& w) const;

    const std::set<std::int64_t>& in(worker_state state) const {
        return x_by_state[static_cast<std::size_t>(state)];
    }

    std::set<std::int64_t> take_touched() { return std::exchange(x_touched, {}); }

    std::size_t live_count() const;

    const start_trouble& trouble() const noexcept { return x_trouble; }

    bool hear(const wire::status_report& report, instant now);

    void relieve(std::int64_t id, double cost);

    void settle(std::int64_t id, double assigned, instant now);

    void end(std::int64_t id, const std::string& how, instant now);

    std::vector<std::int64_t> bury_silent(instant now);

    void plan(double wanted, std::vector<action>& out, instant now);

    time_point next_deadline(instant now) const;

    void close(std::vector<action>& out, instant now);
    bool closed() const noexcept { return x_closed; }

    void forgive_silence(instant now);

private:
    double live_capacity() const;
    time_point silent_at(const worker& w) const;
    time_point hopeless_at(const worker& w) const;
    time_point unneeded_at(const worker& w) const;

    std::set<std::int64_t>& in(worker_state state) { return x_by_state[static_cast<std::size_t>(state)]; }
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
    std::int64_t x_last_id = 0;
    start_trouble x_trouble;
    backoff x_start_backoff;
    time_point x_no_start_before{};
    bool x_closed = false;
};

// A worker that ends sooner after it was ready counts as a failed start too, else it would be restarted
// without a pause for ever.
constexpr auto proven_after = 1s;
constexpr unsigned failures_before_pause = 3;
constexpr auto first_pause = 1s;
constexpr auto longest_pause = 30s;

// Room for what division and multiplication leave behind: 0.9 * 100 / 0.9 is one worker, not two.
constexpr double rounding = 1e-6;

inline bool is_proven(const worker& w, instant now) {
    return w.ready_at && now.monotonic - w.ready_at->monotonic >= proven_after;
}

// When a worker that was decided on is to be started.
inline worker::time_point due_at(const worker& w) {
    return w.state == worker_state::creating ? w.start_at.monotonic : worker::time_point::max();
}

inline plain_pool::plain_pool(const parameters& values, event_log& log)
    : x_values(values), x_log(log), x_start_backoff(first_pause, longest_pause) {}

inline const worker* plain_pool::find(std::int64_t id) const {
    const auto found = x_workers.find(id);
    return found == x_workers.end() ? nullptr : &found->second;
}

inline double plain_pool::perf(const worker& w) const {
    return w.report.max_perf > 0 ? w.report.max_perf : x_values.nominal_perf;
}

inline double plain_pool::live_capacity() const {
    double sum = 0;
    for (const auto& [id, w] : x_workers)
        if (is_live(w.state))
            sum += perf(w);
    return sum;
}

inline std::size_t plain_pool::live_count() const {
    std::size_t count = 0;
    for (std::size_t i = 0; is_live(static_cast<worker_state>(i)); ++i)
        count += x_by_state[i].size();
    return count;
}

inline state_counts plain_pool::counts() const {
    state_counts out;
    for (std::size_t i = 0; i < worker_states; ++i)
        if (!x_by_state[i].empty())
            out[static_cast<worker_state>(i)] = x_by_state[i].size();
    return out;
}

inline std::vector<wire::worker_info> plain_pool::describe() const {
    std::vector<wire::worker_info> out;
    out.reserve(x_workers.size());
    for (const auto& [id, w] : x_workers) {
        wire::worker_info info;
        info.id = id;
        info.status = to_string(w.state);
        info.cur_load = w.report.cur_load;
        info.new_load = w.report.new_load;
        info.cur_load_rolling_avg = w.load_average;
        info.cur_perf = w.report.cur_perf;
        info.perf = w.report.max_perf;
        info.measured_perf = w.report.max_perf;
        info.reqs_working = w.report.num_requests_working;
        info.disk_usage = w.disk_usage;
        info.loaded_at = w.ready_at ? epoch_seconds(w.ready_at->wall) : 0;
        info.started_at = w.state == worker_state::creating ? 0 : epoch_seconds(w.start_at.wall);
        out.push_back(std::move(info));
    }
    return out;
}

inline void plain_pool::erase(std::int64_t id) {
    const auto place = x_workers.find(id);
    in(place->second.state).erase(id);
    x_touched.insert(id);
    x_workers.erase(place);
}

inline void plain_pool::change(worker& w, worker_state to, const std::string& why, instant now) {
    if (w.state == to)
        return;
    const auto from = std::exchange(w.state, to);
    in(from).erase(w.id);
    in(to).insert(w.id);
    x_touched.insert(w.id);
    if (to == worker_state::idle)
        w.idle_since = now.monotonic;
    x_log.add(worker_event{now, w.id, from, to, why});
}

inline void plain_pool::stop(worker& w, const std::string& why, std::vector<action>& out, instant now) {
    change(w, worker_state::stopping, why, now);
    out.emplace_back(stop_worker{w.id});
}

inline bool plain_pool::hear(const wire::status_report& report, instant now) {
    const auto found = x_workers.find(report.id);
    if (found == x_workers.end())
        return false;
    worker& w = found->second;
    if (w.state == worker_state::creating || w.state == worker_state::stopped)
        return false;
    x_touched.insert(w.id);
    w.heard_at = now.monotonic;
    w.report = report;
    w.report.mtoken.clear();
    w.load_average += (report.cur_load - w.load_average) / 8;
    w.disk_usage += report.additional_disk_usage;
    return true;
}

inline void plain_pool::relieve(std::int64_t id, double cost) {
    worker& w = x_workers.at(id);
    w.report.cur_load = std::max(0.0, w.report.cur_load - cost);
}

inline void plain_pool::settle(std::int64_t id, double assigned, instant now) {
    const auto found = x_workers.find(id);
    if (found == x_workers.end() || !is_running(found->second.state))
        return;
    worker& w = found->second;
    if (!w.report.error_msg.empty()) {
        if (!w.error_since)
            w.error_since = now.monotonic;
        return change(w, worker_state::error, w.report.error_msg, now);
    }
    w.error_since.reset();
    if (w.report.max_perf <= 0)
        return change(w, worker_state::loading, "not ready", now);
    if (!w.ready_at)
        w.ready_at = now;
    const bool occupied = assigned > 0 || w.report.cur_load > 0;
    change(w, occupied ? worker_state::busy : worker_state::idle, "", now);
}

inline void plain_pool::end(std::int64_t id, const std::string& how, instant now) {
    worker& w = x_workers.at(id);
    if (w.state == worker_state::stopping) {
        change(w, worker_state::stopped, how, now);
        const auto cold = in(worker_state::stopped).size() - 1;
        if (w.keep_cold && !x_closed && cold < x_values.cold_workers)
            return;
    } else if (w.state != worker_state::dead) {
        count_failed_start(w, how, now);
        change(w, worker_state::dead, how, now);
    }
    erase(id);
}

inline void plain_pool::forget_failures_if_proven(instant now) {
    for (const auto& [id, w] : x_workers)
        if (takes_requests(w.state) && is_proven(w, now)) {
            x_trouble = {};
            x_start_backoff.reset();
            x_no_start_before = {};
            return;
        }
}

inline void plain_pool::count_failed_start(const worker& w, const std::string& how, instant now) {
    forget_failures_if_proven(now);
    if (is_proven(w, now))
        return;
    ++x_trouble.in_a_row;
    x_trouble.last = how;
    // Several that fail together are one reason to wait longer, not several.
    if (x_trouble.in_a_row >= failures_before_pause && now.monotonic >= x_no_start_before)
        x_no_start_before = now.monotonic + x_start_backoff.next();
}

// When it has said nothing for too long.
inline plain_pool::time_point plain_pool::silent_at(const worker& w) const {
    return is_running(w.state) ? w.heard_at + to_ticks(x_values.report_timeout) : time_point::max();
}

// When it has reported an error for too long.
inline plain_pool::time_point plain_pool::hopeless_at(const worker& w) const {
    return w.state == worker_state::error && w.error_since ? *w.error_since + to_ticks(x_values.error_timeout)
                                                           : time_point::max();
}

// When it has had nothing to do for so long that it may go.
inline plain_pool::time_point plain_pool::unneeded_at(const worker& w) const {
    const auto patience = to_ticks(idle_patience(x_values));
    if (w.state == worker_state::idle)
        return w.idle_since + patience;
    return w.state == worker_state::creating ? w.created_at + patience : time_point::max();
}

inline plain_pool::time_point plain_pool::next_deadline(instant now) const {
    if (x_closed)
        return time_point::max();
    auto next = x_no_start_before > now.monotonic ? x_no_start_before : time_point::max();
    // What passed without a consequence, as with an idle worker that is still wanted, is of no interest.
    for (const auto& [id, w] : x_workers)
        for (const auto deadline : {silent_at(w), hopeless_at(w), unneeded_at(w), due_at(w)})
            if (deadline > now.monotonic)
                next = std::min(next, deadline);
    return next;
}

inline std::vector<std::int64_t> plain_pool::bury_silent(instant now) {
    forget_failures_if_proven(now);
    std::vector<std::int64_t> buried;
    for (auto& [id, w] : x_workers)
        if (silent_at(w) <= now.monotonic) {
            count_failed_start(w, "no report", now);
            change(w, worker_state::dead, "no report", now);
            buried.push_back(id);
        }
    return buried;
}

inline void plain_pool::plan(double wanted, std::vector<action>& out, instant now) {
    stop_errored(out, now);
    scale_down(wanted, out, now);
    scale_up(wanted, now);
    start_due(out, now);
}

inline void plain_pool::stop_errored(std::vector<action>& out, instant now) {
    for (auto& [id, w] : x_workers)
        if (hopeless_at(w) <= now.monotonic) {
            count_failed_start(w, "errored: " + w.report.error_msg, now);
            stop(w, "errored: " + w.report.error_msg, out, now);
        }
}

inline void plain_pool::scale_down(double wanted, std::vector<action>& out, instant now) {
    std::vector<worker*> unneeded;
    for (auto& [id, w] : x_workers)
        if (unneeded_at(w) <= now.monotonic)
            unneeded.push_back(&w);
    std::stable_sort(unneeded.begin(), unneeded.end(),
                     [](const worker* a, const worker* b) { return a->idle_since < b->idle_since; });
    const bool keeps_one = x_values.inactivity_timeout.value_or(seconds::zero()) < seconds::zero();
    const std::size_t least = keeps_one ? 1 : 0;
    double capacity = live_capacity();
    std::size_t live = live_count();
    for (worker* w : unneeded) {
        if (capacity - perf(*w) < wanted - rounding || live <= least)
            continue;
        capacity -= perf(*w);
        --live;
        if (w->state == worker_state::creating) {
            change(*w, worker_state::stopped, "no longer wanted", now);
            erase(w->id);
        } else {
            w->keep_cold = true;
            stop(*w, "idle", out, now);
        }
    }
}

inline void plain_pool::scale_up(double wanted, instant now) {
    // While starts fail, one worker at a time tries whether they still do.
    const bool probing = x_trouble.in_a_row >= failures_before_pause;
    double missing = wanted - live_capacity();
    std::size_t live = live_count();
    while (missing > rounding && live < x_values.max_workers) {
        if (now.monotonic < x_no_start_before)
            return;
        if (probing && !(in(worker_state::creating).empty() && in(worker_state::loading).empty()))
            return;
        create(now);
        missing -= x_values.nominal_perf;
        ++live;
    }
}

// A cold worker where there is one, else a new one.
inline void plain_pool::create(instant now) {
    const auto& cold = in(worker_state::stopped);
    const bool rented = !cold.empty();
    const std::int64_t id = rented ? *cold.begin() : ++x_last_id;
    if (rented)
        erase(id);
    worker fresh{.id = id, .created_at = now.monotonic};
    fresh.start_at = rented ? now : now.after(to_ticks(x_values.start_delay));
    const auto from = rented ? std::optional(worker_state::stopped) : std::nullopt;
    in(fresh.state).insert(id);
    x_workers.emplace(id, std::move(fresh));
    x_log.add(worker_event{now, id, from, worker_state::creating, rented ? "cold start" : "load"});
}

inline void plain_pool::start_due(std::vector<action>& out, instant now) {
    for (auto& [id, w] : x_workers)
        if (due_at(w) <= now.monotonic) {
            w.start_at = now;
            w.heard_at = now.monotonic;
            change(w, worker_state::loading, "started", now);
            out.emplace_back(start_worker{id});
        }
}

inline void plain_pool::close(std::vector<action>& out, instant now) {
    x_closed = true;
    for (auto place = x_workers.begin(); place != x_workers.end();) {
        worker& w = place->second;
        ++place;
        w.keep_cold = false;
        if (is_running(w.state))
            stop(w, "the fleet ends", out, now);
        if (w.state == worker_state::creating)
            change(w, worker_state::stopped, "the fleet ends", now);
        if (w.state == worker_state::stopped)
            erase(w.id);
    }
}

inline void plain_pool::forgive_silence(instant now) {
    for (auto& [id, w] : x_workers) {
        w.heard_at = now.monotonic;
        if (w.error_since)
            w.error_since = now.monotonic;
    }
}

}  // namespace nullworker::fleet::plain
