#pragma once

#include <commands/subcommand.hpp>

namespace nullworker::client {

// `nullworker watch`: shows an endpoint's workers and sessions, until a signal.
[[nodiscard]] subcommand watch_command();

}  // namespace nullworker::client
