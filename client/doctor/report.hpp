#pragma once

#include <cstddef>
#include <doctor/finding.hpp>
#include <string>

// Findings as a person reads them, in 80 columns, and as a program does.
namespace nullworker::client {

// How many of each there were.
struct finding_counts {
    std::size_t ok = 0;
    std::size_t warn = 0;
    std::size_t fail = 0;

    void count(severity how) { ++(how == severity::ok ? ok : how == severity::warn ? warn : fail); }
};

// OK, WARN or FAIL.
[[nodiscard]] const char* to_string(severity how) noexcept;

// Lines, each with its end. What is not right has its reason and what to do below it.
[[nodiscard]] std::string lines_of(const finding& what);

// A JSON object in ASCII, in a line.
[[nodiscard]] std::string json_of(const finding& what);

// The last words: how many of each, and the line of shell that mends the most, if there is one.
[[nodiscard]] std::string lines_of(const finding_counts& counts, const std::string& mending_line);
[[nodiscard]] std::string json_of(const finding_counts& counts, const std::string& mending_line);

}  // namespace nullworker::client
