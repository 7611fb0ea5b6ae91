#pragma once

#include <cstddef>
#include <map>

namespace nullworker::fleet {

// The sum of figures that come and go. It keeps how many there are of each, and not the sum: what fractions
// leave behind when they are taken away would stay for ever. That is cheap where few of them differ.
class counted_sum {
public:
    void add(double figure) {
        ++x_counts[figure];
        ++x_size;
    }

    // One that was added.
    void remove(double figure) {
        if (const auto counted = x_counts.find(figure); --counted->second == 0)
            x_counts.erase(counted);
        --x_size;
    }

    [[nodiscard]] double total() const {
        double sum = 0;
        for (const auto& [figure, count] : x_counts)
            sum += figure * static_cast<double>(count);
        return sum;
    }

    [[nodiscard]] std::size_t size() const noexcept { return x_size; }
    [[nodiscard]] bool are_all_equal() const noexcept { return x_counts.size() == 1; }

    // Of one or more.
    [[nodiscard]] double least() const { return x_counts.begin()->first; }

private:
    std::map<double, std::size_t> x_counts;
    std::size_t x_size = 0;
};

}  // namespace nullworker::fleet
