#pragma once

#include <nullworker/base/clock.hpp>

#include <algorithm>
#include <cstdint>
#include <random>

namespace nullworker::client {

// How long a client waits, as the official one does. Rules without I/O.
class polling {
public:
    explicit polling(std::uint32_t seed) : x_random(seed) {}

    // Before /route/ is asked again: 1 s after the first time, then between 0.1 s and min(2^n + U(0,1), 5) s.
    [[nodiscard]] seconds before_next_route() {
        if (x_routes++ == 0)
            return seconds(1.0);
        return seconds(uniform(0.1, capped(x_routes - 1)));
    }

    // After a worker's 408, 429 or 5xx: min(2^tries + U(0,1), 5) s.
    [[nodiscard]] seconds after_refusal() {
        x_routes = 0;
        return seconds(capped(++x_refusals));
    }

private:
    double uniform(double least, double most) {
        return std::uniform_real_distribution<double>(least, most)(x_random);
    }
    double capped(int exponent) {
        return std::min(static_cast<double>(1 << std::min(exponent, 10)) + uniform(0.0, 1.0), 5.0);
    }

    std::mt19937 x_random;
    int x_routes = 0;
    int x_refusals = 0;
};

}  // namespace nullworker::client
