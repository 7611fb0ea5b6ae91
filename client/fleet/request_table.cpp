#include <fleet/request_table.hpp>

#include <algorithm>
#include <cmath>

namespace nullworker::fleet {
namespace {

using namespace std::chrono_literals;

// Clients ask again every 5 s at the latest: whoever did not for longer has no precedence.
constexpr auto attentive_for = 6s;

constexpr auto shortest_patience = 1s;
constexpr auto usual_patience = 60s;
constexpr auto longest_patience = 3600s;
constexpr auto working_patience = 5s;  // with a client whose worker died in the middle of its work

constexpr std::size_t finished_kept = 1000;

request::time_point::duration patience_of(seconds replay_timeout) {
    const seconds asked = std::isfinite(replay_timeout.count()) ? replay_timeout : seconds(usual_patience);
    return to_ticks(std::clamp(asked, seconds(shortest_patience), seconds(longest_patience)));
}

}  // namespace

const request* request_table::ask(std::int64_t idx, double cost, seconds replay_timeout, instant now) {
    auto place = idx > 0 ? x_requests.find(idx) : x_requests.end();
    if (place == x_requests.end()) {
        if (x_requests.size() >= x_values.max_requests)
            return nullptr;
        const request fresh{.idx = idx > 0 ? idx : new_idx(), .order = ++x_last_order, .cost = cost};
        std::erase(x_finished, fresh.idx);
        place = x_requests.emplace(fresh.idx, fresh).first;
        list(place->second);
        tell(fresh, request_change::queued, now);
    }
    amend(place->second, [&](request& asking) {
        asking.asked_at = now.monotonic;
        asking.refused = false;
        asking.patience = patience_of(replay_timeout);
    });
    return &place->second;
}

std::int64_t request_table::new_idx() {
    do
        ++x_last_idx;
    while (x_requests.contains(x_last_idx));
    return x_last_idx;
}

const request* request_table::find(std::int64_t idx) const {
    const auto found = x_requests.find(idx);
    return found == x_requests.end() ? nullptr : &found->second;
}

void request_table::route(std::int64_t idx, std::int64_t worker, instant now) {
    request& r = x_requests.at(idx);
    amend(r, [&](request& given) {
        given.state = request_state::routed;
        given.worker = worker;
        given.routed_at = now.monotonic;
        given.taken_up = false;
    });
    tell(r, request_change::routed, now);
}

void request_table::route_again(std::int64_t idx, instant now) {
    amend(x_requests.at(idx), [&](request& r) { r.routed_at = now.monotonic; });
}

void request_table::wait(std::int64_t idx, double cost) {
    amend(x_requests.at(idx), [&](request& r) {
        r.state = request_state::waiting;
        r.worker = 0;
        r.cost = cost;
    });
}

void request_table::reject(std::int64_t idx, instant now) {
    request& r = x_requests.at(idx);
    tell(r, request_change::rejected, now);
    amend(r, [&](request& refused) {
        refused.state = request_state::waiting;
        refused.refused = true;
        refused.worker = 0;
        refused.asked_at = now.monotonic;
    });
}

void request_table::finish(std::int64_t idx, instant now) {
    remove(x_requests.find(idx), request_change::finished, now);
}

request_table::table::iterator request_table::remove(table::iterator place, request_change what,
                                                     instant now) {
    const request ended = place->second;
    unlist(place->second);
    const auto next = x_requests.erase(place);
    tell(ended, what, now);
    if (what == request_change::finished) {
        x_finished.push_back(ended.idx);
        if (x_finished.size() > finished_kept)
            x_finished.pop_front();
    }
    return next;
}

void request_table::claim(const work_report& said, instant now) {
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
            amend(r, [&](request& named) {
                named.state = request_state::working;
                named.worker = said.worker;
            });
            tell(r, request_change::working, now);
        }
    }
    take_up(said, unknown, now);
    // Its completion may have come before.
    for (const auto idx : held_by(said.worker))
        if (x_requests.at(idx).taken_up && !said.requests.contains(idx))
            remove(x_requests.find(idx), request_change::finished, now);
}

void request_table::take_up(const work_report& said, const std::vector<std::int64_t>& unknown, instant now) {
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
        list(x_requests.emplace(idx, found).first->second);
        tell(found, request_change::working, now);
    }
}

void request_table::requeue(std::int64_t worker, instant now) {
    for (const auto idx : held_by(worker)) {
        request& lost = x_requests.at(idx);
        tell(lost, request_change::lost, now);
        amend(lost, [&](request& r) {
            // Its client has a while to notice and to ask again. A client that had its answer, and worked,
            // hardly ever does: it is not waited for as long, since a worker would be kept for it.
            if (r.state == request_state::working)
                r.patience = working_patience;
            else
                r.patience = std::max<time_point::duration>(r.patience, usual_patience);
            r.state = request_state::waiting;
            r.worker = 0;
            r.asked_at = now.monotonic;
        });
    }
}

std::vector<std::int64_t> request_table::expire(instant now) {
    auto over = x_to_wait_for.until(now.monotonic);
    const auto unclaimed = x_routed.until(now.monotonic - to_ticks(x_values.claim_timeout));
    over.insert(over.end(), unclaimed.begin(), unclaimed.end());
    std::sort(over.begin(), over.end());
    std::vector<std::int64_t> relieved;
    for (const auto idx : over) {
        const auto place = x_requests.find(idx);
        if (place->second.worker != 0)
            relieved.push_back(place->second.worker);
        remove(place, request_change::dropped, now);
    }
    return relieved;
}

void request_table::forgive_silence(instant now) {
    for (auto& [idx, known] : x_requests)
        amend(known, [&](request& r) {
            r.asked_at = now.monotonic;
            r.routed_at = now.monotonic;
        });
}

request_table::time_point request_table::next_deadline() const {
    return std::min(x_to_wait_for.first({}), x_routed.first(to_ticks(x_values.claim_timeout)));
}

void request_table::list(const request& r) {
    if (r.worker != 0) {
        x_held[r.worker].requests.emplace(r.idx, &r);
        sum_up(r.worker);
    }
    if (r.state == request_state::routed)
        x_routed.set(r.idx, r.routed_at);
    if (r.state == request_state::waiting) {
        x_to_wait_for.set(r.idx, r.asked_at + r.patience);
        x_line.insert({r.order, &r});
        x_by_asking.emplace(r.asked_at, r.order);
        x_costs.add(r.cost);
        if (!r.refused)
            x_wanting.add(r.cost);
    }
}

void request_table::unlist(const request& r) {
    if (r.worker != 0) {
        x_held[r.worker].requests.erase(r.idx);
        sum_up(r.worker);
    }
    x_routed.set(r.idx, std::nullopt);
    if (r.state == request_state::waiting) {
        x_to_wait_for.set(r.idx, std::nullopt);
        leave_line(r);
        if (!r.refused)
            x_wanting.remove(r.cost);
    }
}

// A request that was routed to an occupied worker queues there, and a refused request is with its client:
// neither asks for capacity. That is why a long max_queue_time keeps an endpoint from scaling up.
std::vector<double> request_table::wanting_of(const holding& held) {
    const request* first = nullptr;  // whom the worker works for, or will
    for (const auto& [idx, r] : held.requests) {
        const bool goes_first = !first || (r->state == first->state ? r->order < first->order
                                                                    : r->state == request_state::working);
        if (goes_first)
            first = r;
    }
    std::vector<double> costs;
    for (const auto& [idx, r] : held.requests) {
        const bool queues = r->state == request_state::routed && r != first;
        if (!queues && !r->refused)
            costs.push_back(r->cost);
    }
    return costs;
}

// Added up anew, and not by the difference: what fractions leave behind would stay for ever.
void request_table::sum_up(std::int64_t worker) {
    const auto place = x_held.find(worker);
    x_touched.insert(worker);
    for (const double cost : place->second.wanting)
        x_wanting.remove(cost);
    if (place->second.requests.empty()) {
        x_held.erase(place);
        return;
    }
    place->second.load = 0;
    for (const auto& [idx, r] : place->second.requests)
        place->second.load += r->cost;
    place->second.wanting = wanting_of(place->second);
    for (const double cost : place->second.wanting)
        x_wanting.add(cost);
}

void request_table::leave_line(const request& r) {
    const auto place = x_line.find(r.order);
    if (place == x_line.end())
        return;
    x_line.erase(place);
    x_by_asking.erase({r.asked_at, r.order});
    x_costs.remove(r.cost);
}

// Takes those out of the line that were not asked for lately.
void request_table::lapse(instant now) {
    while (!x_by_asking.empty() && now.monotonic - x_by_asking.begin()->first > attentive_for)
        leave_line(*x_line.find(x_by_asking.begin()->second)->second);
}

std::vector<std::int64_t> request_table::held_by(std::int64_t worker) const {
    std::vector<std::int64_t> out;
    if (const auto found = x_held.find(worker); found != x_held.end())
        for (const auto& [idx, r] : found->second.requests)
            out.push_back(idx);
    return out;
}

std::vector<double> request_table::costs_before(const request& asking, instant now) {
    lapse(now);
    std::vector<double> costs;
    for (auto place = x_line.begin(); place != x_line.end() && place->first < asking.order; ++place)
        costs.push_back(place->second->cost);
    return costs;
}

std::size_t request_table::count_before(const request& asking, instant now) {
    lapse(now);
    return x_line.order_of_key(asking.order);
}

std::optional<double> request_table::common_cost(instant now) {
    lapse(now);
    return x_costs.are_all_equal() ? std::optional(x_costs.least()) : std::nullopt;
}

double request_table::load_of(std::int64_t worker) const {
    const auto found = x_held.find(worker);
    return found == x_held.end() ? 0 : found->second.load;
}

void request_table::tell(const request& r, request_change what, instant now) {
    x_log.add(request_event{now, r.idx, what, r.worker});
}

}  // namespace nullworker::fleet
