#pragma once

#include <commands/subcommand.hpp>

namespace nullworker::client {

// `nullworker work`: runs the consumer beside a worker, a job at a time.
[[nodiscard]] subcommand work_command();

}  // namespace nullworker::client
