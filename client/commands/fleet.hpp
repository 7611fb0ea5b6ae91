#pragma once

#include <fleet/fleet.hpp>
#include <fleet/process_launcher.hpp>

#include <string>

namespace nullworker::client {

struct fleet_command_options {
    fleet::fleet_options fleet;
    std::string worker_command;    // a line of shell; empty: the nullworkerd beside this program
    std::string consumer_command;  // a line of shell that runs beside each worker; empty: none
    fleet::worker_output output = fleet::worker_output::discard;
    std::string log_dir;
    bool json = false;
};

// Runs the stand-in for the autoscaler until a signal, then stops its workers. Returns the exit code.
int run_fleet(const fleet_command_options& options);

}  // namespace nullworker::client
