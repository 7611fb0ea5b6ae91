#pragma once

#include <commands/subcommand.hpp>

namespace nullworker::client {

// `nullworker depth`: how much work is unfinished in a queue of a kind that it knows.
[[nodiscard]] subcommand depth_command();

}  // namespace nullworker::client
