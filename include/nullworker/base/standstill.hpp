#pragma once

#include <algorithm>
#include <chrono>

namespace nullworker {

// Notices that the process did not run for a while: it was stopped, or frozen with its machine. Who counts
// the silence of others must not count that time, in which nobody could have been heard: so it looks at the
// clock more often than it had to, and where a look comes much too late, the count begins anew.
class standstill {
public:
    using duration = std::chrono::steady_clock::duration;
    using time_point = std::chrono::steady_clock::time_point;

    // `silence` is how long the others may be silent.
    explicit standstill(duration silence) : x_every(std::max<duration>(silence / 4, least)) {}

    // When to look again at the latest.
    [[nodiscard]] time_point next_look(time_point now) noexcept { return x_due = now + x_every; }

    // The look that is due; the end of time where there is none.
    [[nodiscard]] time_point due() const noexcept { return x_due; }

    // Nobody is waited for: there is no next look.
    void rest() noexcept { x_due = time_point::max(); }

    // Whether the look that is due comes so late that the process stood still.
    [[nodiscard]] bool is_behind(time_point now) const noexcept { return now - x_every > x_due; }

private:
    // A busy machine takes as long to come by.
    static constexpr duration least = std::chrono::milliseconds(100);

    duration x_every;
    time_point x_due = time_point::max();
};

}  // namespace nullworker
