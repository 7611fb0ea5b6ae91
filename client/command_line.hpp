#pragma once

#include <commands/subcommand.hpp>
#include <nullworker/manual/command_description.hpp>

namespace nullworker::client {

// Reads the command line of nullworker. Returns what it asks for: the work of a subcommand, or printing the
// help, the version or what is wrong with it.
[[nodiscard]] action read_command_line(int argc, const char* const* argv);

// What can be said to nullworker.
[[nodiscard]] manual::command_description describe_command_line();

}  // namespace nullworker::client
