#pragma once

#include <commands/session_options.hpp>

#include <optional>
#include <string>
#include <vector>

namespace nullworker::client {

struct hold_options : session_options {
    std::optional<double> hold;        // s; nothing: until a signal, or until `command` ends
    std::vector<std::string> command;  // run while the session is held; not together with `hold`
};

// Holds one session. Returns the command's exit code where there is one, else non-zero when the session could
// not be held or released.
int run_hold(const hold_options& options);

}  // namespace nullworker::client
