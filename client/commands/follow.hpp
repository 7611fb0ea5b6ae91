#pragma once

#include <commands/subcommand.hpp>

namespace nullworker::client {

// `nullworker follow`: keeps as many sessions open as there is work, until a signal; then ends them.
[[nodiscard]] subcommand follow_command();

}  // namespace nullworker::client
