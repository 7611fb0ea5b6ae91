#pragma once

#include "measurements.hpp"

#include <optional>
#include <string>
#include <vector>

namespace nullworker::bench {

enum class better { lower, higher };

// One figure, beside what it should be and what it is elsewhere.
struct row {
    std::string what;
    std::string unit;
    better direction = better::lower;
    std::optional<double> value;
    std::optional<double> below = std::nullopt;  // the target
    std::optional<double> other = std::nullopt;  // the same of the worker that is compared

    [[nodiscard]] bool missed() const { return value && below && !(*value < *below); }
};

// `other` may be absent; `binary_mib` is the size of the program.
[[nodiscard]] std::vector<row> make_table(const figures& ours, const std::optional<figures>& other,
                                          std::optional<double> binary_mib);

[[nodiscard]] std::string to_text(const std::vector<row>& table, bool compared);

}  // namespace nullworker::bench
