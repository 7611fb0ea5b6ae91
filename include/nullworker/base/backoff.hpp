#pragma once

#include <algorithm>
#include <chrono>
#include <utility>

namespace nullworker {

// Doubling waits: first, 2·first, 4·first, … up to `longest`.
class backoff {
public:
    using duration = std::chrono::steady_clock::duration;

    constexpr backoff(duration first, duration longest) : x_first(first), x_longest(longest), x_next(first) {}

    // The wait before the next try.
    constexpr duration next() { return std::exchange(x_next, std::min(x_next * 2, x_longest)); }

    constexpr void reset() { x_next = x_first; }

private:
    duration x_first;
    duration x_longest;
    duration x_next;
};

}  // namespace nullworker
