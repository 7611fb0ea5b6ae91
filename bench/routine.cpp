#include "routine.hpp"

#include <functional>

namespace nullworker::bench {
namespace {

using clock = std::chrono::steady_clock;

constexpr auto delivery_limit = std::chrono::seconds(30);

}  // namespace

asio::awaitable<void> running_workers::start() {
    for (const side who : x_stage.workers()) {
        x_all.push_back({who, x_stage.worker(who)});
        const seconds ignored = co_await x_all.back().worker->start();
        static_cast<void>(ignored);
    }
}

asio::awaitable<void> running_workers::stop() {
    for (auto& each : x_all) {
        const seconds ignored = co_await each.worker->stop();
        static_cast<void>(ignored);
    }
    x_all.clear();
}

asio::awaitable<cycle_times> cycle(subject& worker, int count) {
    cycle_times out;
    const auto began = clock::now();
    for (int i = 0; i < count; ++i) {
        const auto asked = clock::now();
        const auto session = co_await worker.create(long_lifetime);
        const auto held = clock::now();
        co_await worker.end(session);
        out.creates.push_back(in_ms(held - asked));
        out.ends.push_back(in_ms(clock::now() - held));
    }
    out.per_s = count / seconds(clock::now() - began).count();
    co_return out;
}

asio::awaitable<void> all_delivered(stage& on, const subject& worker) {
    auto& autoscaler = on.autoscaler();
    const auto idx = worker.last_request();
    std::function<bool()> completed = [&autoscaler, idx] { return autoscaler.completed_idx() == idx; };
    const bool came = co_await autoscaler.until(std::move(completed), delivery_limit);
    if (!came)
        throw bench_error("not every completion was delivered");
}

}  // namespace nullworker::bench
