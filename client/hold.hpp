#pragma once

#include "venue.hpp"

#include <optional>
#include <string>
#include <vector>

namespace nullworker::client {

struct hold_options {
    venue_options where;
    std::optional<double> hold;        // s; nothing: until a signal, or until `command` ends
    std::vector<std::string> command;  // run while the session is held
    std::optional<double> lifetime;    // s; nothing: renewed for as long as it takes
    std::optional<double> timeout;     // s for the reservation
    double session_cost = 100.0;
    bool json = false;
};

// Holds one session. Returns the command's exit code where there is one, else non-zero when the session could
// not be held or released.
int run_hold(const hold_options& options);

}  // namespace nullworker::client
