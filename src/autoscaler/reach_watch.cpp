#include <nullworker/autoscaler/reach_watch.hpp>
#include <nullworker/base/log.hpp>
#include <nullworker/base/standstill.hpp>

#include <algorithm>
#include <utility>

namespace nullworker::autoscaler {

using reservation::problem_source;
using clock = std::chrono::steady_clock;

reach_watch::reach_watch(const asio::any_io_executor& executor, duration patience,
                         reservation::readiness& state)
    : x_patience(patience), x_state(state), x_changed(executor) {}

void reach_watch::begun() {
    if (x_begun)
        return;
    x_begun = clock::now();
    x_changed.ring();
}

void reach_watch::failed(const std::string& address, const trouble& met) {
    x_failure = address + ": " + met.why();
    if (x_lost)
        tell();
}

void reach_watch::accepted() {
    x_begun.reset();
    x_failure.clear();
    if (!std::exchange(x_lost, false))
        return;
    x_state.clear(problem_source::autoscaler, now());
}

asio::awaitable<void> reach_watch::run() {
    if (x_patience <= x_patience.zero())
        co_return;
    standstill frozen(x_patience);
    for (;;) {
        if (!x_lost && clock::now() >= due()) {
            x_lost = true;
            tell();
        }
        const bool waits = x_begun && !x_lost;
        if (!waits)
            frozen.rest();
        const auto next = waits ? std::min(due(), frozen.next_look(clock::now())) : time_point::max();
        co_await x_changed.wait_until(next);
        if (x_begun && frozen.is_behind(clock::now()))
            x_begun = clock::now();
    }
}

reach_watch::time_point reach_watch::due() const {
    return x_begun ? *x_begun + x_patience : time_point::max();
}

void reach_watch::tell() {
    const auto patience = log::to_text(seconds(x_patience).count());
    x_state.flag(problem_source::autoscaler,
                 "the autoscaler has accepted no report for more than " + patience + " s (" +
                     (x_failure.empty() ? "it does not answer" : x_failure) + ')',
                 now());
}

}  // namespace nullworker::autoscaler
