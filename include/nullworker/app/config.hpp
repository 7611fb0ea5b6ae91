#pragma once

#include <nullworker/app/settings.hpp>
#include <nullworker/options/command_description.hpp>

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace nullworker::app {

// What the command line asks for instead of a run: a text on standard output, and exit code 0.
struct print_and_exit {
    std::string text;
};

// The configuration is wrong.
class config_error : public startup_error {
public:
    config_error(const std::string& message, std::optional<settings> known)
        : startup_error(message), x_known(std::move(known)) {}

    // As much as is known of the autoscaler and of this worker; nothing where the error is not to be
    // reported.
    [[nodiscard]] const std::optional<settings>& known() const noexcept { return x_known; }

private:
    std::optional<settings> x_known;
};

// Reads flags, environment and configuration file; a flag beats the environment, which beats the file.
// Throws config_error that names the variable and the flag, the value and the remedy.
[[nodiscard]] std::variant<settings, print_and_exit> read_config(int argc, const char* const* argv);

// What can be said to nullworkerd, whatever the environment says.
[[nodiscard]] options::command_description describe_command_line();

}  // namespace nullworker::app
