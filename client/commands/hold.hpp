#pragma once

#include <commands/subcommand.hpp>

namespace nullworker::client {

// `nullworker hold`: holds one session. The exit code is that of the command behind `--` where there is one,
// else non-zero when the session could not be held or released.
[[nodiscard]] subcommand hold_command();

}  // namespace nullworker::client
