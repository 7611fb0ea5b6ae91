#pragma once

#include "rows.hpp"
#include "stage.hpp"

#include <string>

namespace nullworker::bench {

// What stood on each side, in words: program, version, command.
struct side_facts {
    side who;
    std::string what;
};
[[nodiscard]] std::vector<side_facts> describe_sides(const bench_options& options);

// What was measured, as a table for people: one row a line, with what it must reach, and MISSED where it does
// not.
[[nodiscard]] std::string to_text(const notebook& book, const std::vector<side_facts>& sides);

// The same with every round, as JSON.
[[nodiscard]] std::string to_json(const notebook& book, const std::vector<side_facts>& sides,
                                  const bench_options& options);

}  // namespace nullworker::bench
