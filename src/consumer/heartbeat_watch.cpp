#include <nullworker/base/log.hpp>
#include <nullworker/base/standstill.hpp>
#include <nullworker/consumer/heartbeat_watch.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace nullworker::consumer {

using reservation::dead_consumer_policy;
using reservation::problem_source;
using reservation::pulse;

heartbeat_watch::heartbeat_watch(const asio::any_io_executor& executor,
                                 reservation::heartbeat_settings settings, reservation::desk& desk,
                                 reservation::readiness& state)
    : x_heartbeat(settings), x_desk(desk), x_state(state), x_changed(executor) {}

void heartbeat_watch::beat() {
    x_heartbeat.beat(now());
    x_changed.ring();
}

asio::awaitable<void> heartbeat_watch::run() {
    using clock = std::chrono::steady_clock;
    if (!x_heartbeat.expected())
        co_return;
    standstill frozen(to_ticks(x_heartbeat.settings().timeout));
    const bool releases = x_heartbeat.settings().policy == dead_consumer_policy::release;
    for (;;) {
        const auto found = x_heartbeat.check(held_since(), clock::now());
        if (std::exchange(x_told, found) != found)
            tell(found);
        if (releases && x_heartbeat.overdue(held_since(), clock::now()))
            x_desk.release_idle(now());
        const auto due = x_heartbeat.next(held_since(), clock::now());
        if (!due)
            frozen.rest();
        const auto wake = due ? std::min(*due, frozen.next_look(clock::now())) : clock::time_point::max();
        co_await x_changed.wait_until(wake);
        if (frozen.is_behind(clock::now()))
            x_heartbeat.excuse(clock::now());
    }
}

std::optional<std::chrono::steady_clock::time_point> heartbeat_watch::held_since() const {
    if (!x_desk.holder())
        return std::nullopt;
    // One that a former process gave out is silent from this one's start on at the earliest.
    return std::max(x_desk.holder()->created.monotonic, x_state.started().monotonic);
}

void heartbeat_watch::tell(pulse found) {
    const auto& rules = x_heartbeat.settings();
    const auto* holder = x_desk.holder();
    const auto session = name_of(holder);
    const auto request_idx = log::also("request_idx", holder ? holder->request_idx : 0);
    if (found == pulse::alive) {
        log::info("consumer_alive", {{"session_id", session}});
        return x_state.clear(problem_source::heartbeat, now());
    }
    const std::string reason =
        "no heartbeat from the consumer for " + log::to_text(rules.timeout.count()) + " s";
    if (found == pulse::dead)
        log::warning("consumer_dead",
                     {{"session_id", session}, {"policy", to_string(rules.policy)}, request_idx});
    else
        log::warning(
            "consumer_silent",
            {{"session_id", session}, {"reason", reason}, {"grace", rules.grace.count()}, request_idx});
    if (found == pulse::silent || rules.policy == dead_consumer_policy::flag)
        x_state.flag(problem_source::heartbeat, reason, now());
    else
        x_state.raise(problem_source::heartbeat, reason, now());
}

}  // namespace nullworker::consumer
