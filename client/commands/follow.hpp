#pragma once

#include <commands/subcommand.hpp>

namespace nullworker::client {

// `nullworker follow`: keeps as many sessions open as there is work, until a signal; then ends them.
[[nodiscard]] action define_follow(CLI::App& app, const words& behind);

}  // namespace nullworker::client
