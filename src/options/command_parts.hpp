#pragma once

#include <nullworker/options/command.hpp>

#include <string>
#include <vector>

namespace nullworker::options {

// What every program has without a row for it.
constexpr const char* help_help = "Print this help message and exit";
constexpr const char* version_help = "Display program version information and exit";
constexpr const char* config_help = "Read settings from this file";

[[nodiscard]] std::string in_one_line(std::string text);

// What is said of a program before its options.
[[nodiscard]] std::string opening(const command& what);

// What is said of it behind its options.
[[nodiscard]] std::string closing(const command& what);

// All that has a flag.
[[nodiscard]] std::vector<const option*> rows_of(const command& what);

// Whether the variable has a name of its own, not one that another option's value completes.
[[nodiscard]] bool has_fixed_name(const option& row);

// The name of the row's variable, completed as far as the options have been read.
[[nodiscard]] std::string variable_of(const command& what, const option& row);

}  // namespace nullworker::options
