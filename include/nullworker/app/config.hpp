#pragma once

#include <nullworker/app/settings.hpp>

#include <optional>
#include <string>
#include <variant>

namespace nullworker::app {

// What the command line asks for instead of a run: a text on standard output, and exit code 0.
struct print_and_exit {
    std::string text;
};

// Reads flags, environment and configuration file; a flag beats the environment, which beats the file.
// Throws startup_error that names the variable and the flag, the value and the remedy.
[[nodiscard]] std::variant<settings, print_and_exit> read_config(int argc, const char* const* argv);

// As much as is known of the autoscaler before the configuration is valid: from the environment, with the
// first valid one of REPORT_ADDR's addresses and CONTAINER_ID. Null where an error cannot be reported.
[[nodiscard]] std::optional<settings> settings_for_error_report();

}  // namespace nullworker::app
