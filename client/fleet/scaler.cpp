#include <fleet/scaler.hpp>

#include <algorithm>

namespace nullworker::fleet {

scaler::scaler(const parameters& values)
    : x_values(values), x_requests(x_values, x_events), x_workers(x_values, x_events) {}

route_outcome scaler::route(std::int64_t request_idx, double cost, seconds replay_timeout, instant now) {
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
bool scaler::keeps(const request& asking) const {
    const worker* holder = x_workers.find(asking.worker);
    return holder && (takes_requests(holder->state) ||
                      (is_running(holder->state) && asking.state == request_state::working));
}

// Every attentive request that came earlier takes its place first, in thought; `asking` gets the best of what
// is left.
std::int64_t scaler::choose_worker(const request& asking, instant now) {
    refresh_queues();
    const auto each = x_requests.common_cost(now);
    return each ? x_queues.after(x_requests.count_before(asking, now), *each, x_values.max_queue_time)
                : x_queues.after(x_requests.costs_before(asking, now), x_values.max_queue_time);
}

void scaler::refresh_queues() {
    auto touched = x_workers.take_touched();
    touched.merge(x_requests.take_touched());
    for (const auto id : touched) {
        const worker* w = x_workers.find(id);
        if (w && takes_requests(w->state))
            x_queues.put(id, x_requests.load_of(id), x_workers.perf(*w));
        else
            x_queues.remove(id);
    }
}

std::string scaler::waiting_text() const {
    if (x_workers.closed())
        return "the fleet is stopping";
    if (x_values.state == endpoint_state::suspended)
        return "no worker is free, and none is started: the endpoint is suspended";
    const auto coming =
        x_workers.in(worker_state::creating).size() + x_workers.in(worker_state::loading).size();
    if (coming > 0)
        return "no worker is free; " + std::to_string(coming) + " starting" + trouble_text();
    if (x_workers.live_count() >= x_values.max_workers)
        return "no worker is free; all " + std::to_string(x_values.max_workers) + " that may run are running";
    return "no worker is free" + trouble_text();
}

std::string scaler::trouble_text() const {
    const auto& [in_a_row, last] = x_workers.trouble();
    if (in_a_row == 1)
        return "; a worker could not start: " + last;
    if (in_a_row > 1)
        return "; " + std::to_string(in_a_row) + " workers in a row could not start, the last one: " + last;
    const auto& errored = x_workers.in(worker_state::error);
    if (errored.empty())
        return {};
    const worker& first = *x_workers.find(*errored.begin());
    return "; worker " + std::to_string(first.id) + " reports: " + first.report.error_msg;
}

bool scaler::on_report(const wire::status_report& report, instant now) {
    if (!x_workers.hear(report, now))
        return false;
    if (!is_running(x_workers.find(report.id)->state))
        return true;
    const auto& named = report.working_request_idxs;
    x_requests.claim({report.id, {named.begin(), named.end()}, report.cur_load}, now);
    settle(report.id, now);
    return true;
}

bool scaler::on_completions(const wire::completion_batch& batch, instant now) {
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

void scaler::on_exit(std::int64_t worker, const std::string& how, instant now) {
    if (!x_workers.find(worker))
        return;
    x_requests.requeue(worker, now);
    x_workers.end(worker, how, now);
}

void scaler::settle(std::int64_t worker, instant now) {
    x_workers.settle(worker, x_requests.load_of(worker), now);
}

double scaler::wanted_capacity() const {
    return std::max(load(), x_values.min_load) / x_values.target_util;
}

std::vector<action> scaler::plan(instant now) {
    refresh_queues();
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

std::chrono::steady_clock::time_point scaler::next_wake(instant now) const {
    return std::min(x_requests.next_deadline(), x_workers.next_deadline(now));
}

std::vector<action> scaler::close(instant now) {
    std::vector<action> out;
    x_workers.close(out, now);
    return out;
}

std::optional<worker_state> scaler::state_of(std::int64_t worker) const {
    const auto* found = x_workers.find(worker);
    return found ? std::optional(found->state) : std::nullopt;
}

bool scaler::was_ready(std::int64_t worker) const {
    const auto* found = x_workers.find(worker);
    return found && found->ready_at.has_value();
}

}  // namespace nullworker::fleet
