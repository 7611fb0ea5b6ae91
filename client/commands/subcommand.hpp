#pragma once

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace nullworker::client {

// What a subcommand does once its options are read. Returns the exit code; throws startup_error for options
// that make no sense together.
using action = std::function<int()>;

// A command line, or a part of it.
using words = std::vector<std::string>;

// A row of the table of subcommands.
struct subcommand {
    const char* group;  // the heading under which --help lists it
    const char* name;
    const char* summary;

    // Adds the options to `app`, and returns what is to be done with them. `behind` is what stands behind
    // `--` on the command line. Both outlive the action, which owns all else.
    action (*define)(CLI::App& app, const words& behind);

    const char* behind_dashes = "";  // for the manual: the name of the command that is taken behind `--`
};

}  // namespace nullworker::client
