#pragma once

#include <commands/subcommand.hpp>

#include <string>
#include <vector>

// The subcommands that talk to the nullworkerd on this machine.
namespace nullworker::client {

action define_status(CLI::App& app, const std::vector<std::string>& behind);
action define_session(CLI::App& app, const std::vector<std::string>& behind);
action define_wait(CLI::App& app, const std::vector<std::string>& behind);
action define_renew(CLI::App& app, const std::vector<std::string>& behind);
action define_release(CLI::App& app, const std::vector<std::string>& behind);
action define_heartbeat(CLI::App& app, const std::vector<std::string>& behind);

}  // namespace nullworker::client
