#pragma once

#include <nullworker/base/clock.hpp>

#include <algorithm>

namespace nullworker::reservation {

// Whether the monotonic clock of a former process is still this one's.
enum class clock_continuity { same_boot, rebooted };

// When a session that another process gave out, to end at `expires`, ends in this process. It never gets more
// time than it had left at `saved_at`: in the same run of the machine the monotonic clock says when it is up,
// after a reboot the wall clock says how much of the rest is gone, and a wall clock that was set back says
// none.
[[nodiscard]] inline instant resumed_expiry(const instant& expires, const instant& saved_at,
                                            clock_continuity clocks, const instant& now) {
    using ticks = std::chrono::steady_clock::duration;
    if (clocks == clock_continuity::same_boot && saved_at.monotonic <= now.monotonic)
        return expires;
    const auto left = std::max(expires.monotonic - saved_at.monotonic, ticks::zero());
    const auto gone = std::max(std::chrono::duration_cast<ticks>(now.wall - saved_at.wall), ticks::zero());
    return now.after(std::max(left - gone, ticks::zero()));
}

// When, by this process's clocks, a session of another process began: its age is what it was at `saved_at`,
// and what has passed since.
[[nodiscard]] inline instant resumed_start(const instant& created, const instant& saved_at,
                                           clock_continuity clocks, const instant& now) {
    using ticks = std::chrono::steady_clock::duration;
    if (clocks == clock_continuity::same_boot && saved_at.monotonic <= now.monotonic)
        return created;
    const auto age = std::max(saved_at.monotonic - created.monotonic, ticks::zero());
    const auto gone = std::max(std::chrono::duration_cast<ticks>(now.wall - saved_at.wall), ticks::zero());
    return {now.monotonic - age - gone, created.wall};
}

}  // namespace nullworker::reservation
