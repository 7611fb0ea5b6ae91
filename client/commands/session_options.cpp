#include <commands/session_options.hpp>
#include <nullworker/base/deadline.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace nullworker::client {
namespace {

using namespace std::chrono_literals;

std::map<std::string, int> running_by_state(const std::vector<wire::worker_info>& workers) {
    std::map<std::string, int> out;
    for (const auto& worker : workers)
        if (worker.status != "stopped" && worker.status != "dead")
            ++out[worker.status];
    return out;
}

}  // namespace

std::chrono::steady_clock::duration reservation_timeout(const session_options& options, bool local) {
    return to_ticks(options.timeout.value_or(local ? 60s : 1800s));
}

asio::awaitable<outcome<held_session>> reserve_shown(venue& place, const session_options& options,
                                                     seconds lifetime, progress& show, int number,
                                                     interruption& stop) {
    std::string told;
    const auto tell = [&](const std::string& state, const std::string& detail) {
        if (std::exchange(told, state + detail) != state + detail)
            show.session(number, state, detail);
    };
    const reserve_events on{
        .on_waiting =
            [&](std::int64_t idx, const std::string& status) {
                tell("queued", "request " + std::to_string(idx) + ": " + status);
            },
        .on_routed =
            [&](std::int64_t idx, const std::string& worker) {
                tell("routed", "request " + std::to_string(idx) + " to " + worker);
            },
        .on_refused = [&](const std::string& why) { tell("retrying", why); },
    };
    const reserve_options wanted{.cost = options.session_cost,
                                 .lifetime = lifetime,
                                 .timeout = reservation_timeout(options, place.is_local())};
    tell("asking", "for a worker");
    auto held = co_await place.api().reserve(place.endpoint(), wanted, on, stop);
    if (held)
        tell("held", held->session_id + " on " + held->worker_url);
    else
        tell("failed", held.error().message);
    co_return held;
}

asio::awaitable<void> watch_workers(venue& place, progress& show) {
    const auto interval = place.is_local() ? std::chrono::steady_clock::duration(100ms) : 2s;
    bool complained = false;
    for (;;) {
        const auto workers = co_await place.api().workers(place.endpoint());
        if (workers)
            show.workers(running_by_state(*workers));
        else if (!std::exchange(complained, true))
            show.note(workers.error().message);
        co_await sleep_for(interval);
    }
}

}  // namespace nullworker::client
