#include <watch/poll_plan.hpp>

#include <algorithm>

namespace nullworker::client::watch {
namespace {

using namespace std::chrono_literals;

constexpr auto longest_pause = 60s;
constexpr seconds longest_wish{3600.0};  // of a peer

// Whether a question is asked in each round, seldom, or only when there is cause.
enum class asked : std::uint8_t { each_round, each_minute, with_cause };

struct manners {
    asked how;
    std::chrono::seconds least;  // between two times, however much cause there is
    bool is_optional;            // one can do without: where it is refused, nobody asks again
};

constexpr std::array<manners, questions> manners_of = {{
    {asked::each_round, 0s, false},   // workers
    {asked::each_round, 0s, false},   // parameters
    {asked::each_minute, 10s, true},  // prices
    {asked::with_cause, 15s, true},   // reasons
}};

const manners& of(question what) {
    return manners_of[static_cast<std::size_t>(what)];
}

// Whether asking once more makes no difference.
constexpr bool is_final(unsigned status) {
    return status == 401 || status == 403 || status == 404 || status == 405;
}

}  // namespace

poll_plan::poll_plan(duration every, time_point start) : x_every(every) {
    for (std::size_t i = 0; i < questions; ++i)
        x_states[i].due = manners_of[i].how == asked::with_cause ? time_point::max() : start;
}

poll_plan::step poll_plan::next() const {
    const auto first = std::ranges::min_element(x_states, {}, &state::due);
    return {static_cast<question>(first - x_states.begin()), first->due};
}

poll_plan::duration poll_plan::usual_pause(question what) const {
    return of(what).how == asked::each_round ? x_every : duration(longest_pause);
}

void poll_plan::answered(question what, time_point now) {
    auto& here = x_states[static_cast<std::size_t>(what)];
    here.asked = now;
    here.failures = 0;
    here.due = of(what).how == asked::with_cause ? time_point::max() : now + usual_pause(what);
}

void poll_plan::failed(question what, const setback& why, time_point now) {
    auto& here = x_states[static_cast<std::size_t>(what)];
    here.asked = now;
    here.given_up = of(what).is_optional && is_final(why.status);
    if (here.given_up) {
        here.due = time_point::max();
        return;
    }
    constexpr unsigned enough = 10;  // doublings
    constexpr unsigned too_often = 429;
    const auto doublings = why.status == too_often ? here.failures + 1 : here.failures;
    const auto doubled = x_every * (1U << std::min(doublings, enough));
    ++here.failures;
    const auto pause = std::min(doubled, std::max<duration>(longest_pause, x_every));
    const auto wished = to_ticks(std::clamp(why.retry_after, seconds(0), longest_wish));
    here.due = now + std::max(pause, wished);
}

void poll_plan::want(question what, time_point now) {
    auto& here = x_states[static_cast<std::size_t>(what)];
    if (here.given_up || here.failures > 0)
        return;
    const auto soonest = here.asked ? *here.asked + of(what).least : now;
    here.due = std::min(here.due, std::max(now, soonest));
}

}  // namespace nullworker::client::watch
