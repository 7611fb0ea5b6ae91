#include <vast/route_pace.hpp>

#include <algorithm>
#include <limits>

namespace nullworker::client {
namespace {

using namespace std::chrono_literals;

// A third of the time after which a request is dropped is left for what goes wrong.
constexpr seconds asked_again_within{40.0};

// After a "not now" that does not say for how long.
constexpr route_pace::duration first_refusal_pause = 1s;
constexpr route_pace::duration longest_refusal_pause = 30s;

// Nobody means more by a Retry-After.
constexpr seconds longest_refusal{3600.0};

}  // namespace

route_pace::route_pace(std::optional<double> per_second)
    : x_gap(per_second ? std::optional(to_ticks(seconds(1 / *per_second))) : std::nullopt),
      x_most_begun(per_second ? std::max<std::size_t>(
                                    1, static_cast<std::size_t>(*per_second * asked_again_within.count()))
                              : std::numeric_limits<std::size_t>::max()) {}

route_pace::id route_pace::come(bool has_request, time_point now) {
    auto& fresh = x_visitors[++x_last];
    fresh.has_begun = has_request;
    // Nobody knows when it was asked for last.
    fresh.asked_at = now - to_ticks(asked_again_within);
    x_begun += has_request ? 1 : 0;
    return x_last;
}

void route_pace::leave(id who) {
    unwant(who);
    const auto place = x_visitors.find(who);
    x_begun -= place->second.has_begun ? 1 : 0;
    x_visitors.erase(place);
}

void route_pace::want(id who) {
    auto& one = x_visitors.at(who);
    one.wants = true;
    if (one.has_begun)
        x_again.emplace(one.asked_at, who);
    else
        x_first.insert(who);
}

void route_pace::unwant(id who) {
    auto& one = x_visitors.at(who);
    one.wants = false;
    x_again.erase({one.asked_at, who});
    x_first.erase(who);
}

bool route_pace::may_begin() const {
    return !x_first.empty() && x_begun < x_most_begun;
}

route_pace::turn route_pace::next(time_point now) const {
    const auto when = std::max(x_next, now);
    const bool urgent = !x_again.empty() && x_again.begin()->first + to_ticks(asked_again_within) <= when;
    if (may_begin() && !urgent)
        return {*x_first.begin(), when};
    if (!x_again.empty())
        return {x_again.begin()->second, when};
    return {std::nullopt, time_point::max()};
}

void route_pace::asks(id who, time_point now) {
    unwant(who);
    auto& one = x_visitors.at(who);
    if (!one.has_begun)
        ++x_begun;
    one.has_begun = true;
    one.asked_at = now;
    if (x_gap)
        x_next = std::max(x_next, now) + *x_gap;
}

void route_pace::answered(time_point asked) {
    if (asked >= x_refused)
        x_pause = {};
}

// Many questions may be under way when the first one is refused: together they are one refusal.
void route_pace::refused(time_point asked, std::optional<seconds> wait, time_point now) {
    if (wait) {
        x_next = std::max(x_next, now + to_ticks(std::clamp(*wait, seconds::zero(), longest_refusal)));
    } else if (asked >= x_refused) {
        x_pause = std::clamp(x_pause * 2, first_refusal_pause, longest_refusal_pause);
        x_next = std::max(x_next, now + x_pause);
    }
    x_refused = now;
}

}  // namespace nullworker::client
