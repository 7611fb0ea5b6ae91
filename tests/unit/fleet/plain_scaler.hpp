#pragma once

#include "plain_worker_pool.hpp"

#include <fleet/scaler.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

// The decisions as they were before they were made fast: every answer is worked out from the whole table.
// Nothing here is kept up to date, so nothing can be out of date.
namespace nullworker::fleet::plain {

using namespace std::chrono_literals;

// Clients ask again every 5 s at the latest: whoever did not for longer has no precedence.
constexpr auto attentive_for = 6s;

constexpr auto shortest_patience = 1s;
constexpr auto usual_patience = 60s;
constexpr auto longest_patience = 3600s;
constexpr auto working_patience = 5s;  // with a client whose worker died in the middle of its work

constexpr std::size_t finished_kept = 1000;

inline request::time_point::duration patience_of(seconds replay_timeout) {
    const seconds asked = std::isfinite(replay_timeout.count()) ? replay_timeout : seconds(usual_patience);
    return to_ticks(std::clamp(asked, seconds(shortest_patience), seconds(longest_patience)));
}

class plain_requests {
public:
    using time_point = request::time_point;
    plain_requests(const parameters& values, event_log& log) : x_values(values), x_log(log) {}
    const request* ask(std::int64_t idx, double cost, seconds replay_timeout, instant now);
    const request* find(std::int64_t idx) const;
    std::size_t size() const noexcept { return x_requests.size(); }

    void route(std::int64_t idx, std::int64_t worker, instant now);
    void route_again(std::int64_t idx, instant now);
    void wait(std::int64_t idx, double cost);
    void reject(std::int64_t idx, instant now);
    void finish(std::int64_t idx, instant now);
    void claim(const work_report& said, instant now);
    void requeue(std::int64_t worker, instant now);
    std::vector<std::int64_t> expire(instant now);
    void forgive_silence(instant now);
    time_point next_deadline() const;
    std::vector<double> costs_before(const request& asking, instant now) const;
    double load_of(std::int64_t worker) const;
    double load() const;

private:
    using table = std::map<std::int64_t, request>;
    std::int64_t new_idx();
    time_point deadline_of(const request& r) const;
    void take_up(const work_report& said, const std::vector<std::int64_t>& unknown, instant now);
    table::iterator remove(table::iterator place, request_change what, instant now);
    void tell(const request& r, request_change what, instant now);
    const parameters& x_values;
    event_log& x_log;
    table x_requests;
    std::deque<std::int64_t> x_finished;
    std::int64_t x_last_idx = 0;
    std::uint64_t x_last_order = 0;
};

inline const request* plain_requests::ask(std::int64_t idx, double cost, seconds replay_timeout,
                                          instant now) {
    auto place = idx > 0 ? x_requests.find(idx) : x_requests.end();
    if (place == x_requests.end()) {
        if (x_requests.size() >= x_values.max_requests)
            return nullptr;
        const request fresh{.idx = idx > 0 ? idx : new_idx(), .order = ++x_last_order, .cost = cost};
        std::erase(x_finished, fresh.idx);
        place = x_requests.emplace(fresh.idx, fresh).first;
        tell(fresh, request_change::queued, now);
    }
    request& asking = place->second;
    asking.asked_at = now.monotonic;
    asking.refused = false;
    asking.patience = patience_of(replay_timeout);
    return &asking;
}

inline std::int64_t plain_requests::new_idx() {
    do
        ++x_last_idx;
    while (x_requests.contains(x_last_idx));
    return x_last_idx;
}

inline const request* plain_requests::find(std::int64_t idx) const {
    const auto found = x_requests.find(idx);
    return found == x_requests.end() ? nullptr : &found->second;
}

inline void plain_requests::route(std::int64_t idx, std::int64_t worker, instant now) {
    request& r = x_requests.at(idx);
    r.state = request_state::routed;
    r.worker = worker;
    r.routed_at = now.monotonic;
    r.taken_up = false;
    tell(r, request_change::routed, now);
}

inline void plain_requests::route_again(std::int64_t idx, instant now) {
    x_requests.at(idx).routed_at = now.monotonic;
}

inline void plain_requests::wait(std::int64_t idx, double cost) {
    request& r = x_requests.at(idx);
    r.state = request_state::waiting;
    r.worker = 0;
    r.cost = cost;
}

inline void plain_requests::reject(std::int64_t idx, instant now) {
    request& r = x_requests.at(idx);
    tell(r, request_change::rejected, now);
    r.state = request_state::waiting;
    r.refused = true;
    r.worker = 0;
    r.asked_at = now.monotonic;
}

inline void plain_requests::finish(std::int64_t idx, instant now) {
    remove(x_requests.find(idx), request_change::finished, now);
}

inline plain_requests::table::iterator plain_requests::remove(table::iterator place, request_change what,
                                                              instant now) {
    const request ended = place->second;
    const auto next = x_requests.erase(place);
    tell(ended, what, now);
    if (what == request_change::finished) {
        x_finished.push_back(ended.idx);
        if (x_finished.size() > finished_kept)
            x_finished.pop_front();
    }
    return next;
}

inline void plain_requests::claim(const work_report& said, instant now) {
    std::vector<std::int64_t> unknown;
    for (const auto idx : said.requests) {
        const auto place = x_requests.find(idx);
        if (place == x_requests.end()) {
            unknown.push_back(idx);
            continue;
        }
        request& r = place->second;
        const bool unassigned = r.state == request_state::waiting;
        if (unassigned || (r.state == request_state::routed && r.worker == said.worker)) {
            r.state = request_state::working;
            r.worker = said.worker;
            tell(r, request_change::working, now);
        }
    }
    take_up(said, unknown, now);
    // Its completion may have come before.
    for (auto place = x_requests.begin(); place != x_requests.end();) {
        const request& r = place->second;
        if (r.taken_up && r.worker == said.worker && !said.requests.contains(r.idx))
            place = remove(place, request_change::finished, now);
        else
            ++place;
    }
}

inline void plain_requests::take_up(const work_report& said, const std::vector<std::int64_t>& unknown,
                                    instant now) {
    const double unexplained = said.load - load_of(said.worker);
    for (const auto idx : unknown) {
        const bool ended = std::find(x_finished.begin(), x_finished.end(), idx) != x_finished.end();
        if (ended || idx <= 0 || x_requests.size() >= x_values.max_requests)
            continue;
        const double share = unexplained / static_cast<double>(unknown.size());
        const request found{.idx = idx,
                            .order = ++x_last_order,
                            .cost = share > 0 ? share : x_values.nominal_perf,
                            .state = request_state::working,
                            .worker = said.worker,
                            .asked_at = now.monotonic,
                            .routed_at = now.monotonic,
                            .patience = usual_patience,
                            .taken_up = true};
        x_requests.emplace(idx, found);
        tell(found, request_change::working, now);
    }
}

inline void plain_requests::requeue(std::int64_t worker, instant now) {
    for (auto& [idx, r] : x_requests) {
        if (r.worker != worker)
            continue;
        tell(r, request_change::lost, now);
        // Its client has a while to notice and to ask again. A client that had its answer, and worked,
        // hardly ever does: it is not waited for as long, since a worker would be kept for it.
        if (r.state == request_state::working)
            r.patience = working_patience;
        else
            r.patience = std::max<time_point::duration>(r.patience, usual_patience);
        r.state = request_state::waiting;
        r.worker = 0;
        r.asked_at = now.monotonic;
    }
}

// When the request is dropped, should nothing happen before.
inline plain_requests::time_point plain_requests::deadline_of(const request& r) const {
    switch (r.state) {
        case request_state::waiting:
            return r.asked_at + r.patience;
        case request_state::routed:
            return r.routed_at + to_ticks(x_values.claim_timeout);
        case request_state::working:
            break;
    }
    return time_point::max();
}

inline std::vector<std::int64_t> plain_requests::expire(instant now) {
    std::vector<std::int64_t> relieved;
    for (auto place = x_requests.begin(); place != x_requests.end();) {
        const request& r = place->second;
        if (deadline_of(r) > now.monotonic) {
            ++place;
            continue;
        }
        if (r.worker != 0)
            relieved.push_back(r.worker);
        place = remove(place, request_change::dropped, now);
    }
    return relieved;
}

inline void plain_requests::forgive_silence(instant now) {
    for (auto& [idx, r] : x_requests) {
        r.asked_at = now.monotonic;
        r.routed_at = now.monotonic;
    }
}

inline plain_requests::time_point plain_requests::next_deadline() const {
    auto next = time_point::max();
    for (const auto& [idx, r] : x_requests)
        next = std::min(next, deadline_of(r));
    return next;
}

inline std::vector<double> plain_requests::costs_before(const request& asking, instant now) const {
    std::vector<const request*> earlier;
    for (const auto& [idx, other] : x_requests)
        if (other.state == request_state::waiting && other.order < asking.order &&
            now.monotonic - other.asked_at <= attentive_for)
            earlier.push_back(&other);
    std::sort(earlier.begin(), earlier.end(),
              [](const request* a, const request* b) { return a->order < b->order; });
    std::vector<double> costs;
    costs.reserve(earlier.size());
    for (const request* other : earlier)
        costs.push_back(other->cost);
    return costs;
}

inline double plain_requests::load_of(std::int64_t worker) const {
    double sum = 0;
    for (const auto& [idx, r] : x_requests)
        if (r.worker == worker)
            sum += r.cost;
    return sum;
}

// A request that was routed to an occupied worker queues there, and a refused request is with its client:
// neither asks for capacity. That is why a long max_queue_time keeps an endpoint from scaling up.
inline double plain_requests::load() const {
    std::map<std::int64_t, const request*> first_at;  // of each worker: whom it works for, or will
    for (const auto& [idx, r] : x_requests) {
        if (r.worker == 0)
            continue;
        const request*& first = first_at[r.worker];
        const bool goes_first =
            !first || (r.state == first->state ? r.order < first->order : r.state == request_state::working);
        if (goes_first)
            first = &r;
    }
    double sum = 0;
    for (const auto& [idx, r] : x_requests) {
        const bool queues = r.state == request_state::routed && first_at.at(r.worker) != &r;
        if (!queues && !r.refused)
            sum += r.cost;
    }
    return sum;
}

inline void plain_requests::tell(const request& r, request_change what, instant now) {
    x_log.add(request_event{now, r.idx, what, r.worker});
}

class plain_scaler {
public:
    explicit plain_scaler(const parameters& values)
        : x_values(values), x_requests(x_values, x_events), x_workers(x_values, x_events) {}

    route_outcome route(std::int64_t request_idx, double cost, seconds replay_timeout, instant now);
    bool on_report(const wire::status_report& report, instant now);
    bool on_completions(const wire::completion_batch& batch, instant now);
    void on_exit(std::int64_t worker, const std::string& how, instant now);
    std::vector<action> plan(instant now);

    std::chrono::steady_clock::time_point next_wake(instant now) const {
        return std::min(x_requests.next_deadline(), x_workers.next_deadline(now));
    }
    void forgive_silence(instant now) {
        x_workers.forgive_silence(now);
        x_requests.forgive_silence(now);
    }
    std::vector<event> take_events() { return x_events.take(); }
    double load() const { return x_requests.load(); }
    std::size_t requests() const { return x_requests.size(); }

    state_counts count_states() const {
        state_counts out;
        for (const auto& [id, w] : x_workers.all())
            ++out[w.state];
        return out;
    }

private:
    bool keeps(const request& asking) const;
    std::int64_t choose_worker(const request& asking, instant now) const;
    std::string waiting_text() const;
    std::string trouble_text() const;
    void settle(std::int64_t worker, instant now);
    double wanted_capacity() const;

    std::size_t live_count() const {
        return static_cast<std::size_t>(std::count_if(x_workers.all().begin(), x_workers.all().end(),
                                                      [](const auto& e) { return is_live(e.second.state); }));
    }

    parameters x_values;
    event_log x_events;
    plain_requests x_requests;
    plain_pool x_workers;
};

inline route_outcome plain_scaler::route(std::int64_t request_idx, double cost, seconds replay_timeout,
                                         instant now) {
    const request* asking = x_requests.ask(request_idx, cost, replay_timeout, now);
    if (!asking)
        return waiting{"the queue is full", 0};
    if (keeps(*asking)) {
        x_requests.route_again(asking->idx, now);
    } else {
        x_requests.wait(asking->idx, cost);
        const std::int64_t chosen = choose_worker(*asking, now);
        if (chosen == 0)
            return waiting{waiting_text(), asking->idx};
        x_requests.route(asking->idx, chosen, now);
        settle(chosen, now);
    }
    return ready{asking->worker, x_workers.find(asking->worker)->report.url, asking->idx, asking->cost};
}

// Whether the request has a worker that serves it.
inline bool plain_scaler::keeps(const request& asking) const {
    const worker* holder = x_workers.find(asking.worker);
    return holder && (takes_requests(holder->state) ||
                      (is_running(holder->state) && asking.state == request_state::working));
}

// Every attentive request that came earlier takes its place first, in thought; `asking` gets the best of what
// is left.
inline std::int64_t plain_scaler::choose_worker(const request& asking, instant now) const {
    struct candidate {
        std::int64_t id;
        double load;
        double perf;
    };
    std::vector<candidate> candidates;
    for (const auto& [id, w] : x_workers.all())
        if (takes_requests(w.state))
            candidates.push_back({id, x_requests.load_of(id), x_workers.perf(w)});
    if (candidates.empty())
        return 0;

    const auto best = [&]() -> candidate* {
        candidate* found = nullptr;
        double shortest = 0;
        for (auto& one : candidates) {
            const double queue_time = one.load / one.perf;
            if (queue_time >= x_values.max_queue_time.count())
                continue;
            // Below the target all queues are alike but for their length, so the shortest one is among the
            // preferred whenever any is.
            if (!found || queue_time < shortest) {
                found = &one;
                shortest = queue_time;
            }
        }
        return found;
    };

    for (const double cost : x_requests.costs_before(asking, now)) {
        candidate* taken = best();
        if (!taken)
            return 0;
        taken->load += cost;
    }
    const candidate* chosen = best();
    return chosen ? chosen->id : 0;
}

inline std::string plain_scaler::waiting_text() const {
    const auto states = count_states();
    const auto count = [&](worker_state state) {
        const auto found = states.find(state);
        return found == states.end() ? std::size_t{0} : found->second;
    };
    if (x_workers.closed())
        return "the fleet is stopping";
    if (x_values.state == endpoint_state::suspended)
        return "no worker is free, and none is started: the endpoint is suspended";
    const auto coming = count(worker_state::creating) + count(worker_state::loading);
    if (coming > 0)
        return "no worker is free; " + std::to_string(coming) + " starting" + trouble_text();
    if (live_count() >= x_values.max_workers)
        return "no worker is free; all " + std::to_string(x_values.max_workers) + " that may run are running";
    return "no worker is free" + trouble_text();
}

inline std::string plain_scaler::trouble_text() const {
    const auto& [in_a_row, last] = x_workers.trouble();
    if (in_a_row == 1)
        return "; a worker could not start: " + last;
    if (in_a_row > 1)
        return "; " + std::to_string(in_a_row) + " workers in a row could not start, the last one: " + last;
    for (const auto& [id, w] : x_workers.all())
        if (w.state == worker_state::error)
            return "; worker " + std::to_string(id) + " reports: " + w.report.error_msg;
    return {};
}

inline bool plain_scaler::on_report(const wire::status_report& report, instant now) {
    if (!x_workers.hear(report, now))
        return false;
    if (!is_running(x_workers.find(report.id)->state))
        return true;
    const auto& named = report.working_request_idxs;
    x_requests.claim({report.id, {named.begin(), named.end()}, report.cur_load}, now);
    settle(report.id, now);
    return true;
}

inline bool plain_scaler::on_completions(const wire::completion_batch& batch, instant now) {
    if (!x_workers.find(batch.worker_id))
        return false;
    for (const auto& ended : batch.requests) {
        const request* known = x_requests.find(ended.request_idx);
        if (!known || known->worker != batch.worker_id)
            continue;
        if (ended.status == wire::completion_status::rejected) {
            // What its worker does instead, the worker's next report tells.
            x_requests.reject(known->idx, now);
            continue;
        }
        x_workers.relieve(batch.worker_id, known->cost);
        x_requests.finish(known->idx, now);
        settle(batch.worker_id, now);
    }
    return true;
}

inline void plain_scaler::on_exit(std::int64_t worker, const std::string& how, instant now) {
    if (!x_workers.find(worker))
        return;
    x_requests.requeue(worker, now);
    x_workers.end(worker, how, now);
}

inline void plain_scaler::settle(std::int64_t worker, instant now) {
    x_workers.settle(worker, x_requests.load_of(worker), now);
}

inline double plain_scaler::wanted_capacity() const {
    return std::max(load(), x_values.min_load) / x_values.target_util;
}

inline std::vector<action> plain_scaler::plan(instant now) {
    std::vector<action> out;
    for (const auto relieved : x_requests.expire(now))
        settle(relieved, now);
    if (x_workers.closed())
        return out;
    for (const auto buried : x_workers.bury_silent(now)) {
        x_requests.requeue(buried, now);
        out.emplace_back(kill_worker{buried});
    }
    if (x_values.state == endpoint_state::active)
        x_workers.plan(wanted_capacity(), out, now);
    return out;
}

}  // namespace nullworker::fleet::plain
