#include <nullworker/base/deadline.hpp>
#include <nullworker/base/log.hpp>
#include <nullworker/consumer/health_probe.hpp>

#include <algorithm>
#include <utility>

namespace nullworker::consumer {
namespace {

constexpr std::chrono::steady_clock::duration starting_interval = std::chrono::seconds(1);

}  // namespace

health_probe::health_probe(asio::any_io_executor executor, std::shared_ptr<net::tls_trust> trust,
                           probe_settings settings, reservation::readiness& state)
    : x_settings(std::move(settings)),
      x_client(std::move(executor), std::move(trust)),
      x_verdict(x_settings.unhealthy_after),
      x_state(state) {}

asio::awaitable<void> health_probe::run() {
    for (;;) {
        const auto begun = std::chrono::steady_clock::now();
        auto failure = co_await probe();
        judge(std::move(failure));
        const bool starting = x_verdict.state() == reservation::health::unknown;
        const auto interval =
            starting ? std::min(x_settings.interval, starting_interval) : x_settings.interval;
        co_await sleep_for(interval - (std::chrono::steady_clock::now() - begun));
    }
}

// Empty when the consumer is well, else what is wrong.
asio::awaitable<std::string> health_probe::probe() {
    net::call request{.target = x_settings.target, .limit = x_settings.timeout};
    const auto answer = co_await x_client.send(std::move(request));
    if (!answer)
        co_return "health probe of " + x_settings.target.text() + " failed: " + answer.error().message();
    if (answer->status != 200)
        co_return "health probe of " + x_settings.target.text() + " answered " +
            std::to_string(answer->status);
    co_return std::string();
}

void health_probe::judge(std::string failure) {
    using reservation::condition;
    using reservation::problem_source;
    if (failure.empty()) {
        if (x_verdict.succeeded())
            log::info("consumer_healthy", {{"url", x_settings.target.text()}});
        x_state.clear(problem_source::consumer);
        x_state.meet(condition::consumer, now());
        return;
    }
    log::debug("probe_failed", {{"reason", failure}});
    if (x_verdict.failed(std::move(failure))) {
        log::warning("consumer_unhealthy", {{"reason", x_verdict.reason()}});
        x_state.raise(problem_source::consumer, x_verdict.reason());
    }
}

}  // namespace nullworker::consumer
