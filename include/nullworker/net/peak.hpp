#pragma once

#include <algorithm>
#include <cstddef>

namespace nullworker::net {

// Notices that there were many of something, and that most of them are gone.
class peak {
public:
    // Fewer than `many` are not worth it.
    explicit peak(std::size_t many) : x_many(many) {}

    // There are `now`. True once after each peak: when it has gone down to a quarter.
    [[nodiscard]] bool is_over(std::size_t now) {
        x_most = std::max(x_most, now);
        const bool over = x_most >= x_many && now <= x_most / 4;
        if (over)
            x_most = now;
        return over;
    }

private:
    std::size_t x_many;
    std::size_t x_most = 0;
};

}  // namespace nullworker::net
