#pragma once

#include <commands/subcommand.hpp>

namespace nullworker::client {

// `nullworker demo`: starts sessions one after the other, holds them all for a while, ends them one after the
// other, and shows what happens. The exit code is non-zero when any session failed.
[[nodiscard]] subcommand demo_command();

}  // namespace nullworker::client
