#pragma once

#include <commands/subcommand.hpp>

// What a consumer's shell script, or an operator, asks the nullworkerd on this machine.
namespace nullworker::client {

[[nodiscard]] action define_status(CLI::App& app, const words& behind);
[[nodiscard]] action define_session(CLI::App& app, const words& behind);
[[nodiscard]] action define_wait(CLI::App& app, const words& behind);
[[nodiscard]] action define_renew(CLI::App& app, const words& behind);
[[nodiscard]] action define_release(CLI::App& app, const words& behind);
[[nodiscard]] action define_heartbeat(CLI::App& app, const words& behind);

}  // namespace nullworker::client
