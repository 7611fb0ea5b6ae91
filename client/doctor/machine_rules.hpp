#pragma once

#include <chrono>
#include <doctor/finding.hpp>
#include <doctor/machine_facts.hpp>
#include <string>
#include <vector>

// What the facts say of a worker and its machine, without I/O.
namespace nullworker::client {

// What the worker tells of itself; `place` is where it was asked, `now` is in epoch seconds.
[[nodiscard]] std::vector<finding> judge_worker(const outcome<wire::worker_status>& told,
                                                const std::string& place, double now);

[[nodiscard]] std::vector<finding> judge_environment(const environment_facts& environment);

// The public port, of a worker that runs.
[[nodiscard]] std::vector<finding> judge_port(const port_facts& port);

[[nodiscard]] std::vector<finding> judge_certificate(const certificate_facts& certificate,
                                                     std::chrono::system_clock::time_point now);

[[nodiscard]] finding judge_state_directory(const directory_facts& directory);

[[nodiscard]] std::vector<finding> judge_addresses(const std::vector<address_facts>& addresses);

// Our clock against that of the first address that tells the time.
[[nodiscard]] finding judge_clock(const std::vector<address_facts>& addresses);

// Who starts the worker, and what a stop leaves to a job.
[[nodiscard]] std::vector<finding> judge_starters(const std::vector<process_facts>& processes);

}  // namespace nullworker::client
