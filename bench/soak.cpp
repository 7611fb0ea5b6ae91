#include "measurements.hpp"
#include "routine.hpp"

#include <algorithm>
#include <cstdio>

namespace nullworker::bench {

asio::awaitable<soak_figures> soak(stage& on, int cycles) {
    constexpr int parts = 20;
    soak_figures out{.warm_up = std::min(cycles, 10000)};
    const auto worker = on.worker(side::kept);
    const seconds ignored = co_await worker->start();
    static_cast<void>(ignored);
    const auto warmed = co_await cycle(*worker, out.warm_up);
    co_await all_delivered(on, *worker);
    out.warm = worker->measure();
    const auto began = std::chrono::steady_clock::now();
    for (int part = 1; part <= parts; ++part) {
        const int begun = static_cast<int>(std::int64_t{cycles - out.warm_up} * (part - 1) / parts);
        const int end = static_cast<int>(std::int64_t{cycles - out.warm_up} * part / parts);
        const auto times = co_await cycle(*worker, end - begun);
        const auto now = worker->measure();
        char line[128];
        std::snprintf(line, sizeof line, "%9d cycles, %.0f /s, %.1f MiB, %d descriptors", out.warm_up + end,
                      times.per_s, now.resident_mib, static_cast<int>(now.descriptors));
        on.say(line);
    }
    out.cycles_per_s = (cycles - out.warm_up) / seconds(std::chrono::steady_clock::now() - began).count();
    co_await all_delivered(on, *worker);
    out.last = worker->measure();
    const seconds stopped = co_await worker->stop();
    static_cast<void>(stopped);
    co_return out;
}

}  // namespace nullworker::bench
