#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace nullworker {

// How many values fell into each of some ranges, and what they come to.
class histogram {
public:
    // `bounds` are the upper ends of the ranges, which belong to them, in their order; behind the last one
    // there is one more range. They outlive it.
    explicit histogram(std::span<const double> bounds) : x_bounds(bounds), x_counts(bounds.size() + 1) {}

    void observe(double value) {
        const auto range = std::lower_bound(x_bounds.begin(), x_bounds.end(), value) - x_bounds.begin();
        ++x_counts[static_cast<std::size_t>(range)];
        x_sum += value;
    }

    [[nodiscard]] std::span<const double> bounds() const noexcept { return x_bounds; }

    // One more than there are bounds.
    [[nodiscard]] std::span<const std::uint64_t> counts() const noexcept { return x_counts; }

    [[nodiscard]] double sum() const noexcept { return x_sum; }

private:
    std::span<const double> x_bounds;
    std::vector<std::uint64_t> x_counts;
    double x_sum = 0;
};

}  // namespace nullworker
