#pragma once

#include <vast/failure.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace nullworker::client {

// How much work is unfinished, and what whoever asked should know beside it.
struct figure {
    std::int64_t jobs = 0;
    std::vector<std::string> remarks = {};
};

// No queue has more; a larger number is a mistake of whoever tells it.
inline constexpr std::int64_t most_jobs = 1'000'000'000'000;

// Of numbers between 0 and most_jobs.
[[nodiscard]] constexpr std::int64_t sum_of_jobs(std::int64_t a, std::int64_t b) {
    return std::min(a + b, most_jobs);
}

// A name as messages show it.
[[nodiscard]] inline std::string in_quotes(const std::string& name) {
    return '\'' + name + '\'';
}

}  // namespace nullworker::client
