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

}  // namespace

int roster::open() {
    int number = 1;
    while (x_entries.contains(number))
        ++number;
    x_entries[number].order = ++x_last_order;
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
    one.held = true;
    one.until = now + to_ticks(lifetime);
}

void roster::heard(int number, const session_standing& told, time_point now) {
    auto& one = x_entries.at(number);
    one.protected_until = now + to_ticks(told.protected_for);
    one.until = std::max(now + to_ticks(told.remaining), one.protected_until);
    one.retiring = told.retiring;
    seen(number);
}

void roster::busy(int number, seconds protected_for, time_point now) {
    auto& one = x_entries.at(number);
    one.protected_until = now + to_ticks(protected_for);
    one.until = std::max(one.until, one.protected_until);
    seen(number);
}

void roster::retiring(int number, seconds protected_for, time_point now) {
    x_entries.at(number).retiring = true;
    busy(number, protected_for, now);
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

roster::orders roster::decide(std::int64_t depth, time_point now) {
    orders out;
    x_knows_depth = true;
    give_up_the_silent(out, now);
    const int change = x_plan.step(depth, counting(), now);
    const auto present =
        std::count_if(x_entries.begin(), x_entries.end(), [](const auto& one) { return !one.second.lost; });
    give_back(std::max(-change, 0), out, now);
    out.open = std::clamp(change, 0, std::max(x_limits.most - static_cast<int>(present), 0));
    return out;
}

roster::orders roster::decide_blindly(time_point now) {
    orders out;
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
}

// Its time is over as far as anybody can know. Should its worker be there all the same, it is retired.
void roster::give_up_the_silent(orders& out, time_point now) {
    for (auto& [number, one] : x_entries)
        if (one.held && !one.lost && one.silent_since &&
            now >= std::max(one.until, *one.silent_since + x_patience)) {
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
    std::vector<int> out;
    for (const auto& entry : x_entries)
        out.push_back(entry.first);
    std::sort(out.begin(), out.end(),
              [this](int a, int b) { return x_entries.at(a).order > x_entries.at(b).order; });
    return out;
}

int roster::counting() const {
    return static_cast<int>(std::count_if(x_entries.begin(), x_entries.end(),
                                          [](const auto& one) { return counts(one.second); }));
}

}  // namespace nullworker::client
