#pragma once

#include <chrono>

namespace nullworker {

// A point in time on both clocks: the monotonic one decides, the wall clock is what peers are told.
struct instant {
    std::chrono::steady_clock::time_point monotonic;
    std::chrono::system_clock::time_point wall;

    // The instant `span` later.
    [[nodiscard]] instant after(std::chrono::steady_clock::duration span) const {
        return {monotonic + span,
                wall + std::chrono::duration_cast<std::chrono::system_clock::duration>(span)};
    }
};

// Fractional seconds, the unit of the wire.
using seconds = std::chrono::duration<double>;

[[nodiscard]] inline instant now() {
    return {std::chrono::steady_clock::now(), std::chrono::system_clock::now()};
}

// `span` in the clock's own unit. `span` must be finite and below 10^9 s.
[[nodiscard]] inline std::chrono::steady_clock::duration to_ticks(seconds span) {
    return std::chrono::duration_cast<std::chrono::steady_clock::duration>(span);
}

// Seconds since 1970-01-01 UTC, as the wire writes times.
[[nodiscard]] inline double epoch_seconds(std::chrono::system_clock::time_point time) {
    return seconds(time.time_since_epoch()).count();
}

}  // namespace nullworker
