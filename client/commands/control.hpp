#pragma once

#include <commands/subcommand.hpp>

// What a consumer's shell script, or an operator, asks the nullworkerd on this machine.
namespace nullworker::client {

[[nodiscard]] subcommand status_command();
[[nodiscard]] subcommand session_command();
[[nodiscard]] subcommand wait_command();
[[nodiscard]] subcommand renew_command();
[[nodiscard]] subcommand protect_command();
[[nodiscard]] subcommand release_command();
[[nodiscard]] subcommand heartbeat_command();

}  // namespace nullworker::client
