#include <nullworker/base/clock.hpp>
#include <nullworker/base/log.hpp>
#include <nullworker/consumer/first_sign.hpp>

#include <utility>

namespace nullworker::consumer {
namespace {

using reservation::condition;
using reservation::problem_source;

constexpr const char* not_yet = "the consumer has given no sign of life yet";

}  // namespace

first_sign::first_sign(const asio::any_io_executor& executor, std::chrono::steady_clock::duration patience,
                       reservation::readiness& state)
    : x_patience(patience), x_state(state), x_came(executor) {}

std::chrono::steady_clock::duration first_sign::waited() const {
    return now().monotonic - x_state.started().monotonic;
}

std::string first_sign::reason() const {
    return x_given ? "" : not_yet;
}

bool first_sign::give() {
    if (std::exchange(x_given, true))
        return false;
    log::info("consumer_alive", {{"waited", seconds(waited()).count()}});
    x_state.clear(problem_source::consumer, now());
    x_state.meet(condition::consumer, now());
    x_came.ring();
    return true;
}

asio::awaitable<void> first_sign::run() {
    using clock = std::chrono::steady_clock;
    if (x_given)
        co_return;
    x_state.flag(problem_source::consumer, not_yet, now());
    log::info("consumer_awaited", {{"effect", "the worker is not ready before its consumer's first word"}});
    if (x_patience == clock::duration::zero())
        co_return;
    const auto end = x_state.started().monotonic + x_patience;
    while (!x_given && clock::now() < end)
        co_await x_came.wait_until(end);
    if (x_given)
        co_return;
    log::warning("consumer_not_ready", {{"reason", not_yet},
                                        {"waited", seconds(waited()).count()},
                                        {"setting", "NULLWORKER_CONSUMER_PATIENCE"}});
    x_state.raise(problem_source::consumer, not_yet, now());
}

}  // namespace nullworker::consumer
