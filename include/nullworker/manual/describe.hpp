#pragma once

#include <nullworker/manual/command_description.hpp>

namespace CLI {
class App;
}

namespace nullworker::manual {

// All that CLI11 knows of a command line. What it has no word for is read from the help of an option:
// "(default: a random one)", "(Env:NAME)" and, at the end, "; required". A type name FILE or DIR makes a file
// or a directory, and one with bars in it is a list of choices. What is in no group is hidden.
[[nodiscard]] command_description describe(const CLI::App& app);

}  // namespace nullworker::manual
