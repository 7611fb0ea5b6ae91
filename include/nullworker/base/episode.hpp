#pragma once

#include <chrono>
#include <utility>

namespace nullworker {

// Something that comes in bursts: one warning each, however long it lasts.
class episode {
public:
    // Whether what happens now is the first for a while.
    [[nodiscard]] bool begins() {
        const auto now = std::chrono::steady_clock::now();
        return now >= std::exchange(x_over, now + std::chrono::minutes(1));
    }

private:
    std::chrono::steady_clock::time_point x_over;
};

}  // namespace nullworker
