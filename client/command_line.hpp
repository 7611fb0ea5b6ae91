#pragma once

#include <nullworker/options/command_description.hpp>

#include <functional>

namespace nullworker::client {

// What a command line asks for. Returns the exit code; throws startup_error for options that make no sense
// together.
using action = std::function<int()>;

// Reads the command line of nullworker. Returns what it asks for: the work of a subcommand, or printing the
// help, the version or what is wrong with it.
[[nodiscard]] action read_command_line(int argc, const char* const* argv);

// What can be said to nullworker.
[[nodiscard]] options::command_description describe_command_line();

}  // namespace nullworker::client
