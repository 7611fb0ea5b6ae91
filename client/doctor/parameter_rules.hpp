#pragma once

#include <nullworker/wire/routing.hpp>

#include <doctor/finding.hpp>
#include <string>
#include <vector>

namespace nullworker::client {

// Each parameter of an endpoint beside the value that one machine a session needs.
[[nodiscard]] std::vector<finding> judge_parameters(const wire::endpoint_info& endpoint);

// The line of shell that mends all of them; empty where nothing is to be mended.
[[nodiscard]] std::string mending_line(const wire::endpoint_info& endpoint);

}  // namespace nullworker::client
