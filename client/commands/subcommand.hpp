#pragma once

#include <nullworker/options/command.hpp>

#include <functional>
#include <string>
#include <vector>

namespace nullworker::client {

// A command line, or a part of it.
using words = std::vector<std::string>;

// One of the things that nullworker does.
struct subcommand {
    // What can be said to it.
    options::command table;

    // What it does once its options are read; `behind` is what stands behind `--`. Returns the exit code.
    // Throws startup_error for options that make no sense together. Owns what the table points to.
    std::function<int(const options::reading& found, const words& behind)> run;
};

}  // namespace nullworker::client
