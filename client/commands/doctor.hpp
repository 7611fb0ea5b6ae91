#pragma once

#include <commands/subcommand.hpp>

namespace nullworker::client {

// `nullworker doctor`: says what is wrong with an endpoint, or with the worker on this machine. The exit code
// is 1 when something does not work.
[[nodiscard]] subcommand doctor_command();

}  // namespace nullworker::client
