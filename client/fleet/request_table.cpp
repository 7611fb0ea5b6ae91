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
        tell(fresh, request_change::queued, now);
    }
    request& asking = place->second;
    asking.asked_at = now.monotonic;
    asking.refused = false;
    asking.patience = patience_of(replay_timeout);
    return &asking;
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
    r.state = request_state::routed;
    r.worker = worker;
    r.routed_at = now.monotonic;
    r.taken_up = false;
    tell(r, request_change::routed, now);
}

void request_table::route_again(std::int64_t idx, instant now) {
    x_requests.at(idx).routed_at = now.monotonic;
}

void request_table::wait(std::int64_t idx, double cost) {
    request& r = x_requests.at(idx);
    r.state = request_state::waiting;
    r.worker = 0;
    r.cost = cost;
}

void request_table::reject(std::int64_t idx, instant now) {
    request& r = x_requests.at(idx);
    tell(r, request_change::rejected, now);
    r.state = request_state::waiting;
    r.refused = true;
    r.worker = 0;
    r.asked_at = now.monotonic;
}

void request_table::finish(std::int64_t idx, instant now) {
    remove(x_requests.find(idx), request_change::finished, now);
}

request_table::table::iterator request_table::remove(table::iterator place, request_change what,
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
        x_requests.emplace(idx, found);
        tell(found, request_change::working, now);
    }
}

void request_table::requeue(std::int64_t worker, instant now) {
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
request_table::time_point request_table::deadline_of(const request& r) const {
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

std::vector<std::int64_t> request_table::expire(instant now) {
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

void request_table::forgive_silence(instant now) {
    for (auto& [idx, r] : x_requests) {
        r.asked_at = now.monotonic;
        r.routed_at = now.monotonic;
    }
}

request_table::time_point request_table::next_deadline() const {
    auto next = time_point::max();
    for (const auto& [idx, r] : x_requests)
        next = std::min(next, deadline_of(r));
    return next;
}

std::vector<double> request_table::costs_before(const request& asking, instant now) const {
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

double request_table::load_of(std::int64_t worker) const {
    double sum = 0;
    for (const auto& [idx, r] : x_requests)
        if (r.worker == worker)
            sum += r.cost;
    return sum;
}

// A request that was routed to an occupied worker queues there, and a refused request is with its client:
// neither asks for capacity. That is why a long max_queue_time keeps an endpoint from scaling up.
double request_table::load() const {
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

void request_table::tell(const request& r, request_change what, instant now) {
    x_log.add(request_event{now, r.idx, what, r.worker});
}

}  // namespace nullworker::fleet
