#include <fleet/scaler.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace nullworker::fleet {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

// Clients ask again every 5 s at the latest: one that did not for longer has no precedence.
constexpr auto attentive_for = 6s;

constexpr auto shortest_patience = 1s;
constexpr auto longest_patience = 3600s;
constexpr auto working_patience = 5s;  // with a client whose worker died in the middle of its work

// A worker that ends sooner after it was ready counts as a failed start too, else it would be restarted
// without a pause for ever.
constexpr auto proven_after = 1s;
constexpr unsigned failures_before_pause = 3;
constexpr auto first_pause = 1s;
constexpr auto longest_pause = 30s;

constexpr std::size_t finished_kept = 1000;
constexpr std::size_t events_kept = 4096;

// Room for what division and multiplication leave behind: 0.9 * 100 / 0.9 is one worker, not two.
constexpr double rounding = 1e-6;

constexpr std::array worker_state_names = {"creating", "loading",  "idle",    "busy",
                                           "error",    "stopping", "stopped", "dead"};
constexpr std::array request_change_names = {"queued",   "routed", "working", "rejected",
                                             "finished", "lost",   "dropped"};

// Started, or about to be, and not on its way out: what counts as capacity.
bool is_live(worker_state state) {
    return state <= worker_state::error;
}

bool is_running(worker_state state) {
    return is_live(state) && state != worker_state::creating;
}

bool takes_requests(worker_state state) {
    return state == worker_state::idle || state == worker_state::busy;
}

}  // namespace

const char* to_string(worker_state state) noexcept {
    return worker_state_names[static_cast<std::size_t>(state)];
}

const char* to_string(request_change change) noexcept {
    return request_change_names[static_cast<std::size_t>(change)];
}

scaler::scaler(const parameters& values) : x_values(values), x_start_backoff(first_pause, longest_pause) {}

// ---- requests --------------------------------------------------------------------------------------

route_outcome scaler::route(std::int64_t request_idx, double cost, seconds replay_timeout, instant now) {
    auto place = request_idx > 0 ? x_requests.find(request_idx) : x_requests.end();
    if (place == x_requests.end()) {
        if (x_requests.size() >= x_values.max_requests)
            return waiting{"the queue is full", 0};
        request fresh{
            .idx = request_idx > 0 ? request_idx : new_request_idx(), .order = ++x_last_order, .cost = cost};
        std::erase(x_finished, fresh.idx);
        place = x_requests.emplace(fresh.idx, fresh).first;
        tell(fresh, request_change::queued, now);
    }
    request& asking = place->second;
    asking.asked_at = now.monotonic;
    asking.refused = false;
    const double patience = std::isfinite(replay_timeout.count()) ? replay_timeout.count() : 60.0;
    asking.patience =
        to_ticks(std::clamp(seconds(patience), seconds(shortest_patience), seconds(longest_patience)));

    if (asking.state != request_state::waiting) {
        const worker* holder = find(asking.worker);
        const bool keeps = holder && (takes_requests(holder->state) ||
                                      (is_running(holder->state) && asking.state == request_state::working));
        if (keeps) {
            asking.routed_at = now.monotonic;
            return ready{holder->id, holder->report.url, asking.idx, asking.cost};
        }
        asking.state = request_state::waiting;
        settle_worker_of(asking, now);
        asking.worker = 0;
    }
    asking.cost = cost;

    const std::int64_t chosen = choose_worker(asking, now);
    if (chosen == 0)
        return waiting{waiting_text(), asking.idx};
    asking.state = request_state::routed;
    asking.worker = chosen;
    asking.routed_at = now.monotonic;
    asking.taken_up = false;
    tell(asking, request_change::routed, now);
    worker& w = *find(chosen);
    settle(w, now);
    return ready{chosen, w.report.url, asking.idx, asking.cost};
}

std::int64_t scaler::new_request_idx() {
    do
        ++x_last_request;
    while (x_requests.contains(x_last_request));
    return x_last_request;
}

// Every attentive request that came earlier takes its place first, in thought; `asking` gets the best of what
// is left.
std::int64_t scaler::choose_worker(const request& asking, instant now) const {
    struct candidate {
        std::int64_t id;
        double load;
        double perf;
    };
    std::vector<candidate> candidates;
    for (const auto& [id, w] : x_workers)
        if (takes_requests(w.state))
            candidates.push_back({id, assigned_load(id), perf(w)});
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

    std::vector<const request*> earlier;
    for (const auto& [idx, other] : x_requests)
        if (other.state == request_state::waiting && other.order < asking.order &&
            now.monotonic - other.asked_at <= attentive_for)
            earlier.push_back(&other);
    std::sort(earlier.begin(), earlier.end(),
              [](const request* a, const request* b) { return a->order < b->order; });
    for (const request* other : earlier) {
        candidate* taken = best();
        if (!taken)
            return 0;
        taken->load += other->cost;
    }
    const candidate* chosen = best();
    return chosen ? chosen->id : 0;
}

std::string scaler::waiting_text() const {
    const auto states = counts();
    const auto count = [&](worker_state state) {
        const auto found = states.find(state);
        return found == states.end() ? std::size_t{0} : found->second;
    };
    if (x_closed)
        return "the fleet is stopping";
    const auto coming = count(worker_state::creating) + count(worker_state::loading);
    if (coming > 0)
        return "no worker is free; " + std::to_string(coming) + " starting";
    if (live_count() >= x_values.max_workers)
        return "no worker is free; all " + std::to_string(x_values.max_workers) + " that may run are running";
    return "no worker is free";
}

scaler::request_table::iterator scaler::finish(request_table::iterator place, request_change what,
                                               instant now) {
    const request ended = place->second;
    const auto next = x_requests.erase(place);
    tell(ended, what, now);
    if (what == request_change::finished) {
        x_finished.push_back(ended.idx);
        if (x_finished.size() > finished_kept)
            x_finished.pop_front();
    }
    settle_worker_of(ended, now);
    return next;
}

void scaler::requeue(std::int64_t id, instant now) {
    for (auto& [idx, r] : x_requests) {
        if (r.worker != id)
            continue;
        tell(r, request_change::lost, now);
        // Its client has a while to notice and to ask again. One that had its answer, and worked, hardly ever
        // does: it is not waited for as long, since a worker would be kept for it.
        if (r.state == request_state::working)
            r.patience = working_patience;
        else
            r.patience = std::max<tick_count>(r.patience, 60s);
        r.state = request_state::waiting;
        r.worker = 0;
        r.asked_at = now.monotonic;
    }
}

void scaler::expire_requests(instant now) {
    for (auto place = x_requests.begin(); place != x_requests.end();) {
        const request& r = place->second;
        const bool unasked = r.state == request_state::waiting && now.monotonic - r.asked_at >= r.patience;
        const bool unclaimed = r.state == request_state::routed &&
                               now.monotonic - r.routed_at >= to_ticks(x_values.claim_timeout);
        if (unasked || unclaimed)
            place = finish(place, request_change::dropped, now);
        else
            ++place;
    }
}

bool scaler::on_completions(const wire::completion_batch& batch, instant now) {
    if (!find(batch.worker_id))
        return false;
    for (const auto& ended : batch.requests) {
        const auto place = x_requests.find(ended.request_idx);
        if (place == x_requests.end() || place->second.worker != batch.worker_id)
            continue;
        if (ended.status != wire::completion_status::rejected) {
            worker& w = *find(batch.worker_id);
            // The report that says so may be a moment behind.
            w.report.cur_load = std::max(0.0, w.report.cur_load - place->second.cost);
            finish(place, request_change::finished, now);
            continue;
        }
        request& r = place->second;
        tell(r, request_change::rejected, now);
        r.state = request_state::waiting;
        r.refused = true;
        settle_worker_of(r, now);
        r.worker = 0;
        r.asked_at = now.monotonic;
    }
    return true;
}

// ---- workers ---------------------------------------------------------------------------------------

scaler::worker* scaler::find(std::int64_t id) {
    const auto found = x_workers.find(id);
    return found == x_workers.end() ? nullptr : &found->second;
}

const scaler::worker* scaler::find(std::int64_t id) const {
    const auto found = x_workers.find(id);
    return found == x_workers.end() ? nullptr : &found->second;
}

double scaler::perf(const worker& w) const {
    return w.report.max_perf > 0 ? w.report.max_perf : x_values.nominal_perf;
}

double scaler::assigned_load(std::int64_t id) const {
    double sum = 0;
    for (const auto& [idx, r] : x_requests)
        if (r.worker == id)
            sum += r.cost;
    return sum;
}

// A request that was routed to an occupied worker queues there, and one that was refused is with its client:
// neither asks for capacity. That is why a long max_queue_time keeps an endpoint from scaling up.
double scaler::load() const {
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

double scaler::wanted_capacity() const {
    return std::max(load(), x_values.min_load) / x_values.target_util;
}

double scaler::live_capacity() const {
    double sum = 0;
    for (const auto& [id, w] : x_workers)
        if (is_live(w.state))
            sum += perf(w);
    return sum;
}

std::size_t scaler::live_count() const {
    std::size_t count = 0;
    for (const auto& [id, w] : x_workers)
        count += is_live(w.state) ? 1 : 0;
    return count;
}

void scaler::change(worker& w, worker_state to, const std::string& why, instant now) {
    if (w.state == to)
        return;
    const auto from = std::exchange(w.state, to);
    if (to == worker_state::idle)
        w.idle_since = now.monotonic;
    record(worker_event{now, w.id, from, to, why});
}

void scaler::tell(const request& r, request_change what, instant now) {
    record(request_event{now, r.idx, what, r.worker});
}

void scaler::record(event happened) {
    if (x_events.size() >= events_kept)
        x_events.erase(x_events.begin(), x_events.begin() + events_kept / 2);
    x_events.push_back(std::move(happened));
}

// Brings the state of a running worker in line with its report and its requests.
void scaler::settle(worker& w, instant now) {
    if (!is_running(w.state))
        return;
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
    const bool occupied = assigned_load(w.id) > 0 || w.report.cur_load > 0;
    change(w, occupied ? worker_state::busy : worker_state::idle, "", now);
}

void scaler::settle_worker_of(const request& r, instant now) {
    if (worker* w = find(r.worker))
        settle(*w, now);
}

bool scaler::on_report(const wire::status_report& report, instant now) {
    worker* w = find(report.id);
    if (!w || w->state == worker_state::creating || w->state == worker_state::stopped)
        return false;
    w->heard_at = now.monotonic;
    w->report = report;
    w->report.mtoken.clear();
    w->load_average += (report.cur_load - w->load_average) / 8;
    w->disk_usage += report.additional_disk_usage;
    if (!is_running(w->state))
        return true;

    const std::set<std::int64_t> named(report.working_request_idxs.begin(),
                                       report.working_request_idxs.end());
    std::vector<std::int64_t> unknown;
    for (const auto idx : named) {
        const auto place = x_requests.find(idx);
        if (place == x_requests.end()) {
            unknown.push_back(idx);
            continue;
        }
        request& r = place->second;
        const bool unassigned = r.state == request_state::waiting;
        if ((r.state == request_state::routed && r.worker == w->id) || unassigned) {
            r.state = request_state::working;
            r.worker = w->id;
            tell(r, request_change::working, now);
        }
    }
    take_up(*w, unknown, now);
    // What is known from its worker alone ends when the worker no longer names it: its completion may have
    // come before.
    for (auto place = x_requests.begin(); place != x_requests.end();) {
        const request& r = place->second;
        if (r.taken_up && r.worker == w->id && !named.contains(r.idx))
            place = finish(place, request_change::finished, now);
        else
            ++place;
    }
    settle(*w, now);
    return true;
}

void scaler::take_up(worker& w, const std::vector<std::int64_t>& unknown, instant now) {
    const double unexplained = w.report.cur_load - assigned_load(w.id);
    for (const auto idx : unknown) {
        const bool ended = std::find(x_finished.begin(), x_finished.end(), idx) != x_finished.end();
        if (ended || idx <= 0 || x_requests.size() >= x_values.max_requests)
            continue;
        const double share = unexplained / static_cast<double>(unknown.size());
        const request found{.idx = idx,
                            .order = ++x_last_order,
                            .cost = share > 0 ? share : x_values.nominal_perf,
                            .state = request_state::working,
                            .worker = w.id,
                            .asked_at = now.monotonic,
                            .routed_at = now.monotonic,
                            .patience = 60s,
                            .taken_up = true};
        x_requests.emplace(idx, found);
        tell(found, request_change::working, now);
    }
}

void scaler::on_exit(std::int64_t id, const std::string& how, instant now) {
    worker* w = find(id);
    if (!w)
        return;
    requeue(id, now);
    if (w->state == worker_state::stopping) {
        change(*w, worker_state::stopped, how, now);
        const auto cold = counts()[worker_state::stopped] - 1;
        if (w->keep_cold && !x_closed && cold < x_values.cold_workers)
            return;
    } else if (w->state != worker_state::dead) {
        count_failed_start(*w, now);
        change(*w, worker_state::dead, how, now);
    }
    x_workers.erase(id);
}

void scaler::forget_failures_if_proven(instant now) {
    for (const auto& [id, w] : x_workers)
        if (takes_requests(w.state) && w.ready_at && now.monotonic - w.ready_at->monotonic >= proven_after) {
            x_failed_starts = 0;
            x_start_backoff.reset();
            x_no_start_before = {};
            return;
        }
}

void scaler::count_failed_start(const worker& w, instant now) {
    forget_failures_if_proven(now);
    if (w.ready_at && now.monotonic - w.ready_at->monotonic >= proven_after)
        return;
    ++x_failed_starts;
    // Several that fail together are one reason to wait longer, not several.
    if (x_failed_starts >= failures_before_pause && now.monotonic >= x_no_start_before)
        x_no_start_before = now.monotonic + x_start_backoff.next();
}

void scaler::stop(worker& w, const std::string& why, std::vector<action>& out, instant now) {
    change(w, worker_state::stopping, why, now);
    out.emplace_back(stop_worker{w.id});
}

void scaler::bury_silent(std::vector<action>& out, instant now) {
    for (auto& [id, w] : x_workers) {
        if (!is_running(w.state) || now.monotonic - w.heard_at < to_ticks(x_values.report_timeout))
            continue;
        count_failed_start(w, now);
        change(w, worker_state::dead, "no report", now);
        requeue(id, now);
        out.emplace_back(kill_worker{id});
    }
}

void scaler::stop_errored(std::vector<action>& out, instant now) {
    for (auto& [id, w] : x_workers)
        if (w.state == worker_state::error && w.error_since &&
            now.monotonic - *w.error_since >= to_ticks(x_values.error_timeout)) {
            count_failed_start(w, now);
            stop(w, "errored: " + w.report.error_msg, out, now);
        }
}

void scaler::scale_up(instant now) {
    // While starts fail, one worker at a time tries whether they still do.
    const bool probing = x_failed_starts >= failures_before_pause;
    double missing = wanted_capacity() - live_capacity();
    std::size_t live = live_count();
    while (missing > rounding && live < x_values.max_workers) {
        if (now.monotonic < x_no_start_before)
            return;
        const auto states = counts();
        if (probing && (states.contains(worker_state::creating) || states.contains(worker_state::loading)))
            return;
        const auto cold = std::find_if(x_workers.begin(), x_workers.end(), [](const auto& entry) {
            return entry.second.state == worker_state::stopped;
        });
        const bool rented = cold != x_workers.end();
        const std::int64_t id = rented ? cold->first : ++x_last_worker;
        worker fresh{.id = id, .created_at = now.monotonic};
        fresh.start_at = rented ? now : now.after(to_ticks(x_values.start_delay));
        const auto from = rented ? std::optional(worker_state::stopped) : std::nullopt;
        x_workers.insert_or_assign(id, std::move(fresh));
        record(worker_event{now, id, from, worker_state::creating, rented ? "cold start" : "load"});
        missing -= x_values.nominal_perf;
        ++live;
    }
}

void scaler::start_due(std::vector<action>& out, instant now) {
    for (auto& [id, w] : x_workers)
        if (w.state == worker_state::creating && w.start_at.monotonic <= now.monotonic) {
            w.start_at = now;
            w.heard_at = now.monotonic;
            change(w, worker_state::loading, "started", now);
            out.emplace_back(start_worker{id});
        }
}

void scaler::scale_down(std::vector<action>& out, instant now) {
    const auto patience = to_ticks(x_values.inactivity_timeout);
    std::vector<worker*> unneeded;
    for (auto& [id, w] : x_workers) {
        const bool idle = w.state == worker_state::idle && now.monotonic - w.idle_since >= patience;
        const bool unborn = w.state == worker_state::creating && now.monotonic - w.created_at >= patience;
        if (idle || unborn)
            unneeded.push_back(&w);
    }
    std::stable_sort(unneeded.begin(), unneeded.end(),
                     [](const worker* a, const worker* b) { return a->idle_since < b->idle_since; });
    double capacity = live_capacity();
    const double wanted = wanted_capacity();
    for (worker* w : unneeded) {
        if (capacity - perf(*w) < wanted - rounding)
            continue;
        capacity -= perf(*w);
        if (w->state == worker_state::creating) {
            change(*w, worker_state::stopped, "no longer wanted", now);
            x_workers.erase(w->id);
        } else {
            w->keep_cold = true;
            stop(*w, "idle", out, now);
        }
    }
}

std::vector<action> scaler::plan(instant now) {
    std::vector<action> out;
    expire_requests(now);
    if (x_closed)
        return out;
    forget_failures_if_proven(now);
    bury_silent(out, now);
    stop_errored(out, now);
    scale_down(out, now);
    scale_up(now);
    start_due(out, now);
    return out;
}

std::chrono::steady_clock::time_point scaler::next_wake(instant now) const {
    auto next = time_point::max();
    const auto consider = [&](time_point candidate) {
        if (candidate > now.monotonic)
            next = std::min(next, candidate);
    };
    for (const auto& [idx, r] : x_requests) {
        if (r.state == request_state::waiting)
            consider(r.asked_at + r.patience);
        if (r.state == request_state::routed)
            consider(r.routed_at + to_ticks(x_values.claim_timeout));
    }
    if (x_closed)
        return next;
    for (const auto& [id, w] : x_workers) {
        if (w.state == worker_state::creating) {
            consider(w.start_at.monotonic);
            consider(w.created_at + to_ticks(x_values.inactivity_timeout));
        }
        if (is_running(w.state))
            consider(w.heard_at + to_ticks(x_values.report_timeout));
        if (w.error_since)
            consider(*w.error_since + to_ticks(x_values.error_timeout));
        if (w.state == worker_state::idle)
            consider(w.idle_since + to_ticks(x_values.inactivity_timeout));
    }
    consider(x_no_start_before);
    return next;
}

std::vector<action> scaler::close(instant now) {
    x_closed = true;
    std::vector<action> out;
    for (auto place = x_workers.begin(); place != x_workers.end();) {
        worker& w = place->second;
        w.keep_cold = false;
        if (is_running(w.state))
            stop(w, "the fleet ends", out, now);
        if (w.state == worker_state::creating)
            change(w, worker_state::stopped, "the fleet ends", now);
        place = w.state == worker_state::stopped ? x_workers.erase(place) : std::next(place);
    }
    return out;
}

void scaler::forgive_silence(instant now) {
    for (auto& [id, w] : x_workers)
        w.heard_at = now.monotonic;
}

// ---- for those who watch ---------------------------------------------------------------------------

std::vector<event> scaler::take_events() {
    return std::exchange(x_events, {});
}

state_counts scaler::counts() const {
    state_counts out;
    for (const auto& [id, w] : x_workers)
        ++out[w.state];
    return out;
}

std::vector<wire::worker_info> scaler::workers() const {
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

std::optional<worker_state> scaler::state_of(std::int64_t id) const {
    const worker* w = find(id);
    return w ? std::optional(w->state) : std::nullopt;
}

bool scaler::was_ready(std::int64_t id) const {
    const worker* w = find(id);
    return w && w->ready_at.has_value();
}

}  // namespace nullworker::fleet
