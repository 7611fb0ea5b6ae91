#pragma once

#include <commands/subcommand.hpp>

namespace nullworker::client {

// `nullworker fleet`: runs the stand-in for the autoscaler until a signal, then stops its workers.
[[nodiscard]] subcommand fleet_command();

}  // namespace nullworker::client
