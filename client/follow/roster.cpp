#include <follow/roster.hpp>

#include <algorithm>
#include <utility>

namespace nullworker::client {
namespace {

// A request that is being dropped is left no work, unless it has come to a worker already.
bool counts(const roster_entry& one) {
    return !one.lost && (one.held || one.offered || !one.unwanted);
}

bool is_leaving(const roster_entry& one) {
    return counts(one) && (one.unwanted || one.retiring);
}

std::int64_t rounded_up(std::int64_t jobs, int per_session) {
    return jobs / per_session + (jobs % per_session == 0 ? 0 : 1);
}

}  // namespace

int roster::open() {
    while (x_entries.contains(x_lowest_free))
        ++x_lowest_free;
    const int number = x_lowest_free;
    auto& one = x_entries[number];
    one.order = ++x_last_order;
    one.had_work = x_sessions > 0;
    return number;
}

int roster::open_probe() {
    const int number = open();
    x_entries[number].probe = true;
    return number;
}

void roster::adopt(int number, roster_entry entry) {
    x_last_order = std::max(x_last_order, entry.order);
    x_entries[number] = entry;
}

void roster::adopted(time_point now) {
    const auto sessions = std::count_if(x_entries.begin(), x_entries.end(),
                                        [](const auto& one) { return one.second.held && !one.second.lost; });
    x_plan.assume(static_cast<int>(sessions), now);
}

void roster::offered(int number) {
    auto& one = x_entries.at(number);
    one.offered = true;
    one.held = false;
}

void roster::not_offered(int number) {
    auto& one = x_entries.at(number);
    one.offered = false;
    one.held = false;
}

void roster::held(int number, seconds lifetime, time_point now) {
    auto& one = x_entries.at(number);
    one.offered = true;
    if (!std::exchange(one.held, true))
        one.held_at = now;
    one.until = now + to_ticks(lifetime);
}

void roster::heard(int number, const session_standing& told, time_point now) {
    auto& one = x_entries.at(number);
    protect(one, told.protected_for, now);
    one.until = std::max(now + to_ticks(told.remaining), one.protected_until);
    one.retiring = told.retiring;
    seen(number);
}

void roster::busy(int number, seconds protected_for, time_point now) {
    auto& one = x_entries.at(number);
    protect(one, protected_for, now);
    one.until = std::max(one.until, one.protected_until);
    seen(number);
}

void roster::retiring(int number, seconds protected_for, time_point now) {
    x_entries.at(number).retiring = true;
    busy(number, protected_for, now);
}

// A consumer that lifts its protection and protects anew cannot be told from one that makes it last longer.
void roster::protect(roster_entry& one, seconds protected_for, time_point now) {
    constexpr auto inexact = std::chrono::milliseconds(500);  // the time that an answer takes
    const auto until = now + to_ticks(protected_for);
    if (until <= now || std::chrono::abs(until - one.protected_until) > inexact)
        one.protected_since = now;
    one.protected_until = until;
    one.had_work = one.had_work || until > now;
    if (until > now && x_unfound.is_a_find(one.order, now - one.held_at, now - one.protected_since))
        found_work();
}

void roster::seen(int number) {
    auto& one = x_entries.at(number);
    one.silent_since.reset();
    one.lost = false;
}

void roster::renewed(int number, seconds left, seconds lifetime, time_point now) {
    auto& one = x_entries.at(number);
    const auto expires = now + to_ticks(std::max(left, seconds(0)) + lifetime);
    one.until = std::max(expires, one.protected_until);
}

void roster::silent(int number, time_point now) {
    auto& since = x_entries.at(number).silent_since;
    if (!since)
        since = now;
}

void roster::forgive(int number, time_point now) {
    auto& since = x_entries.at(number).silent_since;
    if (since)
        since = now;
}

void roster::found_work() {
    x_unfound.found();
    for (auto& entry : x_entries)
        entry.second.probe = false;
}

void roster::ended(int number, ending how, time_point now) {
    const auto& one = x_entries.at(number);
    // What we give back says nothing about the work.
    if (how == ending::given || one.lost || is_leaving(one))
        return;
    // Who ends where there was no work all the time found none, whatever that is called.
    if (how == ending::done && one.had_work) {
        found_work();
        return;
    }
    const unfound::idle_end none{one.order, now - one.held_at, one.protected_until > now};
    const int others = counting() - probes() - (one.probe ? 0 : 1);
    x_unfound.ended_idle(none, others, x_last_order, now);
}

roster::orders roster::decide(std::int64_t depth, time_point now) {
    orders out;
    x_knows_depth = true;
    give_up_the_silent(out, now);
    count(depth);
    settle_the_probes(now);
    const auto worth = worth_opening(now);
    const int change = x_plan.step(worth, counting(), now);
    give_back(std::max(-change, 0), out, now);
    open_what_is_missing(change, worth, out, now);
    return out;
}

std::optional<double> roster::wanted() const {
    if (!x_knows_depth)
        return std::nullopt;
    return static_cast<double>(std::clamp<std::int64_t>(x_sessions, x_limits.least, x_limits.most));
}

void roster::count(std::int64_t depth) {
    x_sessions = rounded_up(depth, x_limits.jobs_per_session);
    x_unfound.counted(x_sessions);
    for (auto& [number, one] : x_entries)
        one.had_work = one.had_work || x_sessions > 0;
}

// A probe whose consumer neither finds a job nor ends must not keep all others from looking.
void roster::settle_the_probes(time_point now) {
    for (auto& [number, one] : x_entries)
        if (one.probe && one.held && now - one.held_at >= x_unfound.recheck()) {
            one.probe = false;
            x_unfound.settled();
        }
}

// How many sessions there may be at once for the work that there is.
std::int64_t roster::worth_opening(time_point now) const {
    const auto at_work = std::count_if(x_entries.begin(), x_entries.end(), [now](const auto& entry) {
        const auto& one = entry.second;
        return counts(one) && !one.probe && one.protected_until > now;
    });
    // What runs was found.
    const auto not_at_work = std::max<std::int64_t>(x_sessions - at_work, 0);
    const auto out_of_reach = std::min(x_unfound.sessions(), not_at_work);
    return std::min(x_sessions - out_of_reach + probes(), x_sessions);
}

void roster::open_what_is_missing(int change, std::int64_t worth, orders& out, time_point now) const {
    const auto present = static_cast<int>(
        std::count_if(x_entries.begin(), x_entries.end(), [](const auto& one) { return !one.second.lost; }));
    const int room = std::max(x_limits.most - present, 0);
    const int missing = std::clamp(change, 0, room);
    if (!x_unfound.is_backing_off()) {
        out.open = missing;
        return;
    }
    const auto have = counting();
    // What only `least` wants waits like what nobody finds.
    out.open = static_cast<int>(std::clamp<std::int64_t>(worth - have, 0, missing));
    const bool some_wait = missing > out.open || x_sessions > have + out.open;
    if (!some_wait || room == out.open || probes() > 0)
        return;
    if (x_unfound.probe_at() <= now)
        out.probe = true;
    else
        out.look_again = x_unfound.probe_at();
}

roster::orders roster::decide_blindly(time_point now) {
    orders out;
    x_held_up_since.reset();
    give_up_the_silent(out, now);
    // Who takes over keeps what is there until he knows better.
    if (x_knows_depth)
        retire_the_unwanted(out);
    else
        keep_the_oldest(static_cast<int>(x_entries.size()), out);
    return out;
}

// So many too many are there. A request is the cheapest to do without; then those go that are leaving anyway.
void roster::give_back(int surplus, orders& out, time_point now) {
    int left = surplus;
    const auto numbers = youngest_first();
    for (const int number : numbers)
        if (auto& one = x_entries.at(number); left > 0 && !one.held && !one.unwanted) {
            one.unwanted = true;
            out.given.push_back({number, deed::drop});
            --left;
        }
    const auto leaving = static_cast<int>(std::count_if(
        x_entries.begin(), x_entries.end(), [](const auto& one) { return is_leaving(one.second); }));
    keep_the_oldest(leaving - left, out);
    retire_the_unwanted(out);
    left -= leaving;
    if (left <= 0)
        x_held_up_since.reset();
    for (const auto& [number, one] : x_entries)
        left -= one.ordered && counts(one) && !is_leaving(one) ? 1 : 0;
    for (const int number : numbers) {
        const auto& one = x_entries.at(number);
        const bool idle = one.held && counts(one) && !is_leaving(one) && !one.ordered && !one.silent_since &&
                          one.protected_until <= now;
        if (left > 0 && idle) {
            give(number, deed::retire_idle, out);
            --left;
        }
    }
    retire_the_busy(left, out, now);
}

// More are busy than there is work for. Where that goes on, some wait for a job under protection, and would
// do so for ever: the youngest are told to end when they lift it.
void roster::retire_the_busy(int surplus, orders& out, time_point now) {
    if (surplus <= 0)
        return;
    if (!x_held_up_since)
        x_held_up_since = now;
    if (now - *x_held_up_since < x_limits.hysteresis)
        return;
    for (const int number : youngest_first()) {
        const auto& one = x_entries.at(number);
        const bool busy = one.held && counts(one) && !is_leaving(one) && !one.ordered && !one.silent_since;
        if (surplus > 0 && busy) {
            give(number, deed::retire_done, out);
            --surplus;
        }
    }
}

// Its time is over as far as anybody can know. Should its worker be there all the same, it is retired.
void roster::give_up_the_silent(orders& out, time_point now) {
    for (auto& [number, one] : x_entries)
        if (one.held && !one.lost && one.silent_since &&
            now >= std::max(one.until, *one.silent_since + x_patience)) {
            if (!is_leaving(one))
                found_work();  // as far as anybody knows
            one.lost = true;
            one.unwanted = true;
            out.changed.push_back(number);
        }
}

void roster::retire_the_unwanted(orders& out) {
    for (const auto& [number, one] : x_entries)
        if (is_leaving(one) && one.held && one.unwanted && !one.retiring && !one.ordered && !one.silent_since)
            give(number, deed::retire_done, out);
}

void roster::keep_the_oldest(int count, orders& out) {
    auto numbers = youngest_first();
    std::reverse(numbers.begin(), numbers.end());
    for (const int number : numbers)
        if (auto& one = x_entries.at(number); count > 0 && is_leaving(one) && !one.ordered) {
            if (std::exchange(one.unwanted, false))
                out.changed.push_back(number);
            if (one.held)
                give(number, deed::keep, out);
            --count;
        }
}

void roster::give(int number, deed what, orders& out) {
    x_entries.at(number).ordered = true;
    out.given.push_back({number, what});
}

std::vector<int> roster::youngest_first() const {
    std::vector<std::pair<std::uint64_t, int>> by_order;
    by_order.reserve(x_entries.size());
    for (const auto& [number, one] : x_entries)
        by_order.emplace_back(one.order, number);
    std::sort(by_order.rbegin(), by_order.rend());
    std::vector<int> out;
    out.reserve(by_order.size());
    for (const auto& entry : by_order)
        out.push_back(entry.second);
    return out;
}

int roster::probes() const {
    return static_cast<int>(std::count_if(x_entries.begin(), x_entries.end(), [](const auto& one) {
        return one.second.probe && counts(one.second);
    }));
}

int roster::counting() const {
    return static_cast<int>(std::count_if(x_entries.begin(), x_entries.end(),
                                          [](const auto& one) { return counts(one.second); }));
}

}  // namespace nullworker::client
