#include <fleet/worker_pool.hpp>

#include <algorithm>
#include <utility>

namespace nullworker::fleet {
namespace {

using namespace std::chrono_literals;

// A worker that ends sooner after it was ready counts as a failed start too, else it would be restarted
// without a pause for ever.
constexpr auto proven_after = 1s;
constexpr unsigned failures_before_pause = 3;
constexpr auto first_pause = 1s;
constexpr auto longest_pause = 30s;

// Room for what division and multiplication leave behind: 0.9 * 100 / 0.9 is one worker, not two.
constexpr double rounding = 1e-6;

// The workers there are, as long as it is decided which of them go.
struct surplus {
    double capacity;
    std::size_t live;
    std::size_t least;  // that stay in any case

    [[nodiscard]] bool may_go(double perf, double wanted) const {
        return capacity - perf >= wanted - rounding && live > least;
    }

    // Whether one of them goes, which it has done then.
    bool take(double perf, double wanted) {
        if (!may_go(perf, wanted))
            return false;
        capacity -= perf;
        --live;
        return true;
    }
};

bool is_proven(const worker& w, instant now) {
    return w.ready_at && now.monotonic - w.ready_at->monotonic >= proven_after;
}

std::optional<worker::time_point> if_so(bool applies, worker::time_point time) {
    return applies ? std::optional(time) : std::nullopt;
}

}  // namespace

worker_pool::worker_pool(const parameters& values, event_log& log)
    : x_values(values), x_log(log), x_start_backoff(first_pause, longest_pause) {}

const worker* worker_pool::find(std::int64_t id) const {
    const auto found = x_workers.find(id);
    return found == x_workers.end() ? nullptr : &found->second;
}

double worker_pool::perf(const worker& w) const {
    return w.report.max_perf > 0 ? w.report.max_perf : x_values.nominal_perf;
}

double worker_pool::serving_capacity() const {
    double sum = 0;
    for (const auto state : {worker_state::idle, worker_state::busy})
        for (const auto id : in(state))
            sum += perf(x_workers.at(id));
    return sum;
}

double worker_pool::live_capacity() const {
    const auto silent = static_cast<double>(live_count() - x_own_perfs.size());
    return x_own_perfs.total() + silent * x_values.nominal_perf;
}

// Of those that are live, of whom there must be one.
double worker_pool::least_perf() const {
    const bool all_said_theirs = x_own_perfs.size() == live_count();
    return std::min(x_own_perfs.size() > 0 ? x_own_perfs.least() : x_values.nominal_perf,
                    all_said_theirs ? x_own_perfs.least() : x_values.nominal_perf);
}

std::size_t worker_pool::live_count() const {
    std::size_t count = 0;
    for (std::size_t i = 0; is_live(static_cast<worker_state>(i)); ++i)
        count += x_by_state[i].size();
    return count;
}

state_counts worker_pool::counts() const {
    state_counts out;
    for (std::size_t i = 0; i < worker_states; ++i)
        if (!x_by_state[i].empty())
            out[static_cast<worker_state>(i)] = x_by_state[i].size();
    return out;
}

std::vector<wire::worker_info> worker_pool::describe() const {
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

// Whatever changes a worker calls this afterwards.
void worker_pool::track(const worker& w) {
    const bool waits = w.state == worker_state::creating;
    x_heard.set(w.id, if_so(is_running(w.state), w.heard_at));
    x_errored.set(w.id, w.state == worker_state::error ? w.error_since : std::nullopt);
    x_idle.set(w.id, if_so(w.state == worker_state::idle, w.idle_since));
    x_created.set(w.id, if_so(waits, w.created_at));
    x_to_start.set(w.id, if_so(waits, w.start_at.monotonic));
    x_serving.set(w.id, w.ready_at ? if_so(takes_requests(w.state), w.ready_at->monotonic) : std::nullopt);

    const double own = is_live(w.state) ? w.report.max_perf : 0;
    if (const auto counted = x_perf_counted.find(w.id); counted != x_perf_counted.end()) {
        x_own_perfs.remove(counted->second);
        x_perf_counted.erase(counted);
    }
    if (own > 0) {
        x_own_perfs.add(own);
        x_perf_counted.emplace(w.id, own);
    }
}

// As if nobody had such an id.
void worker_pool::forget(std::int64_t id) {
    track(worker{.id = id, .state = worker_state::dead});
}

void worker_pool::erase(std::int64_t id) {
    forget(id);
    const auto place = x_workers.find(id);
    in(place->second.state).erase(id);
    x_touched.insert(id);
    x_workers.erase(place);
}

void worker_pool::change(worker& w, worker_state to, const std::string& why, instant now) {
    if (w.state == to)
        return;
    const auto from = std::exchange(w.state, to);
    in(from).erase(w.id);
    in(to).insert(w.id);
    x_touched.insert(w.id);
    if (to == worker_state::idle)
        w.idle_since = now.monotonic;
    track(w);
    x_log.add(worker_event{now, w.id, from, to, why});
}

void worker_pool::stop(worker& w, const std::string& why, std::vector<action>& out, instant now) {
    change(w, worker_state::stopping, why, now);
    out.emplace_back(stop_worker{w.id});
}

bool worker_pool::hear(const wire::status_report& report, instant now) {
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
    track(w);
    return true;
}

void worker_pool::relieve(std::int64_t id, double cost) {
    worker& w = x_workers.at(id);
    w.report.cur_load = std::max(0.0, w.report.cur_load - cost);
}

void worker_pool::settle(std::int64_t id, double assigned, instant now) {
    const auto found = x_workers.find(id);
    if (found == x_workers.end() || !is_running(found->second.state))
        return;
    judge(found->second, assigned, now);
    track(found->second);
}

void worker_pool::judge(worker& w, double assigned, instant now) {
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

void worker_pool::end(std::int64_t id, const std::string& how, instant now) {
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

void worker_pool::forget_failures_if_proven(instant now) {
    if (!x_serving.has_any_until(now.monotonic - proven_after))
        return;
    x_trouble = {};
    x_start_backoff.reset();
    x_no_start_before = {};
}

void worker_pool::count_failed_start(const worker& w, const std::string& how, instant now) {
    forget_failures_if_proven(now);
    if (is_proven(w, now))
        return;
    ++x_trouble.in_a_row;
    x_trouble.last = how;
    // Several that fail together are one reason to wait longer, not several.
    if (x_trouble.in_a_row >= failures_before_pause && now.monotonic >= x_no_start_before)
        x_no_start_before = now.monotonic + x_start_backoff.next();
}

worker_pool::time_point worker_pool::next_deadline(instant now) const {
    if (x_closed)
        return time_point::max();
    const auto time = now.monotonic;
    // What passed without a consequence, as with an idle worker that is still wanted, is of no interest.
    const auto after = [time](const timetable& began, seconds timeout) {
        const auto span = to_ticks(timeout);
        return began.next(time - span, span);
    };
    const auto patience = idle_patience(x_values);
    return std::min({x_no_start_before > time ? x_no_start_before : time_point::max(),
                     after(x_heard, x_values.report_timeout), after(x_errored, x_values.error_timeout),
                     after(x_idle, patience), after(x_created, patience),
                     after(x_to_start, seconds::zero())});
}

std::vector<std::int64_t> worker_pool::bury_silent(instant now) {
    forget_failures_if_proven(now);
    auto silent = x_heard.until(now.monotonic - to_ticks(x_values.report_timeout));
    for (const auto id : silent) {
        worker& w = x_workers.at(id);
        count_failed_start(w, "no report", now);
        change(w, worker_state::dead, "no report", now);
    }
    return silent;
}

void worker_pool::plan(double wanted, std::vector<action>& out, instant now) {
    stop_errored(out, now);
    scale_down(wanted, out, now);
    scale_up(wanted, now);
    start_due(out, now);
}

// Who reports an error for too long.
void worker_pool::stop_errored(std::vector<action>& out, instant now) {
    for (const auto id : x_errored.until(now.monotonic - to_ticks(x_values.error_timeout))) {
        worker& w = x_workers.at(id);
        const auto why = "errored: " + w.report.error_msg;
        count_failed_start(w, why, now);
        stop(w, why, out, now);
    }
}

// Those go that have had nothing to do for long enough and are not wanted: first who was not even started,
// then who has been idle for longest.
void worker_pool::scale_down(double wanted, std::vector<action>& out, instant now) {
    const auto cutoff = now.monotonic - to_ticks(idle_patience(x_values));
    const bool keeps_one = x_values.inactivity_timeout.value_or(seconds::zero()) < seconds::zero();
    surplus there{.capacity = live_capacity(), .live = live_count(), .least = keeps_one ? 1u : 0u};
    const auto may_any_go = [&] { return there.live > 0 && there.may_go(least_perf(), wanted); };

    if (x_created.has_any_until(cutoff) && may_any_go())
        for (const auto id : x_created.until(cutoff)) {
            worker& w = x_workers.at(id);
            if (!there.take(perf(w), wanted))
                continue;
            change(w, worker_state::stopped, "no longer wanted", now);
            erase(id);
        }
    const auto& idle = x_idle.in_order();
    for (auto place = idle.begin(); place != idle.end() && place->first <= cutoff && may_any_go();) {
        worker& w = x_workers.at(place->second);
        ++place;  // before what it stands on goes
        if (!there.take(perf(w), wanted))
            continue;
        w.keep_cold = true;
        stop(w, "idle", out, now);
    }
}

void worker_pool::scale_up(double wanted, instant now) {
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
void worker_pool::create(instant now) {
    const auto& cold = in(worker_state::stopped);
    const bool rented = !cold.empty();
    const std::int64_t id = rented ? *cold.begin() : ++x_last_id;
    if (rented)
        erase(id);
    worker fresh{.id = id, .created_at = now.monotonic};
    fresh.start_at = rented ? now : now.after(to_ticks(x_values.start_delay));
    const auto from = rented ? std::optional(worker_state::stopped) : std::nullopt;
    in(fresh.state).insert(id);
    track(x_workers.emplace(id, std::move(fresh)).first->second);
    x_log.add(worker_event{now, id, from, worker_state::creating, rented ? "cold start" : "load"});
}

void worker_pool::start_due(std::vector<action>& out, instant now) {
    for (const auto id : x_to_start.until(now.monotonic)) {
        worker& w = x_workers.at(id);
        w.start_at = now;
        w.heard_at = now.monotonic;
        change(w, worker_state::loading, "started", now);
        out.emplace_back(start_worker{id});
    }
}

void worker_pool::close(std::vector<action>& out, instant now) {
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

void worker_pool::forgive_silence(instant now) {
    for (auto& [id, w] : x_workers) {
        w.heard_at = now.monotonic;
        if (w.error_since)
            w.error_since = now.monotonic;
        track(w);
    }
}

}  // namespace nullworker::fleet
