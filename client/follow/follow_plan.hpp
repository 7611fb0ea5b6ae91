#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>

namespace nullworker::client {

// How many sessions there are to be.
struct follow_limits {
    int least = 0;
    int most = 1;  // at least `least`
    std::chrono::steady_clock::duration hysteresis = std::chrono::seconds(30);
    int jobs_per_session = 1;
    // Where a worker found no job, the next one looks after `interval`, then after longer and longer, at
    // last `recheck`.
    std::chrono::steady_clock::duration interval = std::chrono::seconds(2);
    std::chrono::steady_clock::duration recheck = std::chrono::seconds(60);
};

// How many sessions to open or to close for the work there is. More work opens sessions at once. Less work
// closes them only once it has been less for the whole of the hysteresis, so that a queue that breathes does
// not make machines come and go.
class follow_plan {
public:
    using time_point = std::chrono::steady_clock::time_point;

    explicit follow_plan(follow_limits limits) : x_limits(limits) {}

    // `depth` is how many sessions the work is worth, `have` how many are open or on their way.
    // Positive: so many are to be opened; negative: to be closed.
    [[nodiscard]] int step(std::int64_t depth, int have, time_point now) {
        const auto wanted = static_cast<int>(std::clamp<std::int64_t>(depth, x_limits.least, x_limits.most));
        remember(wanted, now);
        if (have < wanted)
            return wanted - have;
        return std::min(x_peaks.front().wanted - have, 0);
    }

    // So many sessions are there from before, and count as wanted for one hysteresis from the first look on.
    void assume(int have, time_point now) { remember(have, now); }

private:
    struct peak {
        int wanted;
        time_point over{};  // when less was wanted; not yet, for the last one
    };

    // Keeps what may be the most that was wanted during the hysteresis: falling from front to back, the
    // present last. What was wanted while nobody could tell is taken for what was wanted before.
    void remember(int wanted, time_point now) {
        while (!x_peaks.empty() && x_peaks.back().wanted <= wanted)
            x_peaks.pop_back();
        if (!x_peaks.empty() && x_peaks.back().over == time_point{})
            x_peaks.back().over = now;
        x_peaks.push_back({wanted});
        while (x_peaks.size() > 1 && now - x_peaks.front().over >= x_limits.hysteresis)
            x_peaks.pop_front();
    }

    follow_limits x_limits;
    std::deque<peak> x_peaks;
};

}  // namespace nullworker::client
