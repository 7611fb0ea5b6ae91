#pragma once

#include <nullworker/base/clock.hpp>

#include <algorithm>
#include <cstdint>
#include <random>

namespace nullworker::client {

inline constexpr seconds usual_longest_pause{5.0};

// How long a client waits, as the official one does. Rules without I/O.
class polling {
public:
    // No pause is longer than `longest`, which is positive.
    explicit polling(std::uint32_t seed, seconds longest = usual_longest_pause)
        : x_random(seed), x_longest(longest.count()) {}

    // Before /route/ is asked again: 1 s after the first time, then between 0.1 s and 2^n + U(0,1) s.
    [[nodiscard]] seconds before_next_route() {
        if (x_routes++ == 0)
            return seconds(std::min(1.0, x_longest));
        const double most = capped(x_routes - 1);
        return seconds(uniform(std::min(0.1, most), most));
    }

    // After a worker's 408, 429 or 5xx: 2^tries + U(0,1) s.
    [[nodiscard]] seconds after_refusal() {
        x_routes = 0;
        return seconds(capped(++x_refusals));
    }

private:
    double uniform(double least, double most) {
        return std::uniform_real_distribution<double>(least, most)(x_random);
    }
    double capped(int exponent) {
        return std::min(static_cast<double>(1 << std::min(exponent, 10)) + uniform(0.0, 1.0), x_longest);
    }

    std::mt19937 x_random;
    double x_longest;
    int x_routes = 0;
    int x_refusals = 0;
};

}  // namespace nullworker::client
