#include <watch/endpoint_view.hpp>
#include <watch/vast_status.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

namespace nullworker::client::watch {
namespace {

// Into the log, for one error.
constexpr unsigned most_looks = 4;
constexpr std::size_t most_unexplained = 50;

constexpr const char* perhaps_ours = "has load, perhaps of a session here whose worker does not say its id";

bool bears_load(const wire::worker_info& one) {
    return one.cur_load > 0 || one.reqs_working > 0;
}

double figure(double value) {
    return std::isfinite(value) ? value : 0;
}

// As short as it can be read: 0.9, 1, 100.
std::string figure_text(double value) {
    char text[32];
    (void)std::snprintf(text, sizeof text, "%.6g", value);
    return text;
}

using named_values = std::vector<std::pair<std::string, std::string>>;

template <class T>
void add_value(named_values& to, const char* name, const std::optional<T>& value) {
    if (value)
        to.emplace_back(name, figure_text(static_cast<double>(*value)));
}

}  // namespace

void endpoint_view::heard(const std::vector<wire::worker_info>& list, instant now) {
    x_told.heard(now);
    x_list_at = now;
    x_failing = false;
    std::map<std::int64_t, seen_worker> before;
    before.swap(x_workers);
    for (const auto& one : list) {
        auto known = before.extract(one.id);
        x_newcomers = x_newcomers || known.empty();
        auto& here = known.empty() ? x_workers[one.id] : x_workers.insert(std::move(known)).position->second;
        here.status = one.status;
        here.has_load = bears_load(one);
    }
    for (const auto& gone : before)
        x_told.gone(gone.first, now);
    for (auto& [id, of] : x_workers)
        draw(id, of, now);
    add_sample(list, now);
}

void endpoint_view::failed(const std::string& why, instant now) {
    x_failing = true;
    x_told.failed(why, now);
}

void endpoint_view::heard(const wire::endpoint_info& endpoint) {
    named_values values;
    add_value(values, "min_load", endpoint.min_load);
    add_value(values, "min_cold_load", endpoint.min_cold_load);
    add_value(values, "target_util", endpoint.target_util);
    add_value(values, "cold_mult", endpoint.cold_mult);
    add_value(values, "cold_workers", endpoint.cold_workers);
    add_value(values, "max_workers", endpoint.max_workers);
    add_value(values, "max_queue_time", endpoint.max_queue_time);
    add_value(values, "target_queue_time", endpoint.target_queue_time);
    add_value(values, "inactivity_timeout", endpoint.inactivity_timeout);
    values.emplace_back("endpoint_state", endpoint.endpoint_state);
    x_told.parameters(std::move(values));
    x_told.max_workers(endpoint.max_workers);
}

// The account may have instances that are no workers of this endpoint.
void endpoint_view::heard(const std::vector<instance_price>& prices) {
    for (const auto& [instance, dollars] : prices)
        if (x_workers.contains(instance) && std::isfinite(dollars) && dollars >= 0)
            x_told.price(instance, dollars);
}

void endpoint_view::heard_reason(std::int64_t worker, const std::string& reason, instant now) {
    const auto found = x_workers.find(worker);
    if (found == x_workers.end())
        return;
    ++found->second.looks;
    if (reason.empty() || !is_list_recent(now))
        return;
    found->second.reason = reason;
    draw(worker, found->second, now);
}

void endpoint_view::look_at(known_sessions& ours, instant now) {
    for (const auto& row : ours.take_news())
        x_told.session(row);
    const auto poll = to_ticks(x_told.settings().poll_interval);
    x_present = ours.by_worker(now.monotonic - poll);
    x_waiting = ours.waiting();
    x_unplaced = ours.has_unplaced();
    if (!is_list_recent(now))
        return;
    for (auto& [id, of] : x_workers)
        draw(id, of, now);
}

std::vector<std::int64_t> endpoint_view::unexplained() const {
    std::vector<std::int64_t> out;
    for (const auto& [id, of] : x_workers)
        if (meaning_of_status(of.status).alone == lane_state::error && of.reason.empty() &&
            of.looks < most_looks && out.size() < most_unexplained)
            out.push_back(id);
    return out;
}

// Whether what the list says may still be so. The timeline draws what is older as unknown.
bool endpoint_view::is_list_recent(instant now) const {
    return !x_failing && x_list_at &&
           now.monotonic - x_list_at->monotonic <= to_ticks(3 * x_told.settings().poll_interval);
}

void endpoint_view::draw(std::int64_t id, seen_worker& of, instant now) {
    const auto& means = meaning_of_status(of.status);
    const auto found = x_present.find(id);
    const bool is_ours = found != x_present.end();
    auto state = means.alone;
    std::string why = means.how == vast_status::shown::plainly ? std::string() : of.status;
    if (is_ours && found->second.lasts) {
        state =
            means.ours == lane_state::reserved && found->second.retiring ? lane_state::retiring : means.ours;
    } else if (means.how == vast_status::shown::as_before) {
        state = of.before;
    } else if (state == lane_state::ready && of.has_load) {
        // The list may be older than the end of a session of ours.
        state = is_ours ? lane_state::reserved : lane_state::taken;
        if (!is_ours && x_unplaced)
            why = perhaps_ours;
    }
    if (state == lane_state::error) {
        why = of.reason;
    } else {
        of.reason.clear();
        of.looks = 0;
    }
    if (means.how != vast_status::shown::as_before)
        of.before = state;
    x_told.worker(id, state, why, now);
}

// The queue is what waits here: no route tells of the requests of others.
void endpoint_view::add_sample(const std::vector<wire::worker_info>& list, instant now) {
    sample out{.at = now, .queue = x_waiting};
    for (const auto& one : list) {
        out.load += figure(one.cur_load);
        if (meaning_of_status(one.status).alone == lane_state::ready)
            out.capacity += figure(one.perf);
    }
    x_told.add(out);
}

}  // namespace nullworker::client::watch
