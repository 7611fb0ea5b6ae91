#pragma once

#include <nullworker/options/command.hpp>
#include <work/control_line.hpp>

#include <map>
#include <string>
#include <vector>

// Where the nullworkerd on this machine is, as its consumer can say it.
namespace nullworker::client {

[[nodiscard]] std::vector<options::option> control_place_rows(control_place& to);

// Takes what the variables say where no flag did. Throws startup_error for one that makes no sense.
void read_control_place(const options::reading& found, control_place& to);

// The variables by which another program finds the same place.
[[nodiscard]] std::map<std::string, std::string> variables_of(const control_place& where);

}  // namespace nullworker::client
