#pragma once

#include <nullworker/options/command_description.hpp>

#include <string>

namespace nullworker::manual {

// A script for bash, to be sourced. Needs bash 4; uses the helpers of bash-completion where they are loaded.
[[nodiscard]] std::string bash_completion(const options::command_description& program);

// A function file for zsh, to be found in fpath as `_` and the program's name.
[[nodiscard]] std::string zsh_completion(const options::command_description& program);

}  // namespace nullworker::manual
