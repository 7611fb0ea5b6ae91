#pragma once

#include <nullworker/base/clock.hpp>

#include <algorithm>

namespace nullworker::reservation {

// Whether the monotonic clock of a former process is still this one's.
enum class clock_continuity { same_boot, rebooted };

// Whether times by the monotonic clock of a former process, which was there at `saved_at`, mean the same now.
[[nodiscard]] inline bool is_same_clock(const instant& saved_at, clock_continuity clocks,
                                        const instant& now) {
    return clocks == clock_continuity::same_boot && saved_at.monotonic <= now.monotonic;
}

// What has passed since `saved_at` by the wall clock, for when nothing else can tell; one that was set back
// says nothing has.
[[nodiscard]] inline std::chrono::steady_clock::duration gone_since(const instant& saved_at,
                                                                    const instant& now) {
    using ticks = std::chrono::steady_clock::duration;
    return std::max(std::chrono::duration_cast<ticks>(now.wall - saved_at.wall), ticks::zero());
}

// When a session that another process gave out, to end at `expires`, ends in this process. It never gets more
// time than it had left at `saved_at`.
[[nodiscard]] inline instant resumed_expiry(const instant& expires, const instant& saved_at,
                                            clock_continuity clocks, const instant& now) {
    using ticks = std::chrono::steady_clock::duration;
    if (is_same_clock(saved_at, clocks, now))
        return expires;
    const auto left = std::max(expires.monotonic - saved_at.monotonic, ticks::zero());
    return now.after(std::max(left - gone_since(saved_at, now), ticks::zero()));
}

// When, by this process's clocks, a session of another process began: its age is what it was at `saved_at`,
// and what has passed since.
[[nodiscard]] inline instant resumed_start(const instant& created, const instant& saved_at,
                                           clock_continuity clocks, const instant& now) {
    using ticks = std::chrono::steady_clock::duration;
    if (is_same_clock(saved_at, clocks, now))
        return created;
    const auto age = std::max(saved_at.monotonic - created.monotonic, ticks::zero());
    return {now.monotonic - age - gone_since(saved_at, now), created.wall};
}

}  // namespace nullworker::reservation
