#pragma once

#include <commands/session_options.hpp>
#include <nullworker/base/clock.hpp>

#include <string>

namespace nullworker::client {

// What becomes of the sessions when `follow` stops.
enum class on_stop {
    retire,  // each ends when its job is done
    end,     // each ends
    leave,   // they stay, for the next one to go on with
};

struct follow_options : session_options {
    std::string depth;  // a line of shell that prints how much work there is
    int least = 0;
    int most = 0;
    int jobs_per_session = 1;
    seconds hysteresis{30.0};
    seconds interval{2.0};        // between two runs of `depth`, and between two checks of a session
    seconds recheck{60.0};        // how far looks lie apart, at last, at work that no worker finds
    seconds depth_timeout{10.0};  // for one run of it
    seconds patience{10.0};       // how long a worker may be out of reach at least before it is replaced
    std::string state;            // a file; empty: the usual one
    on_stop parting = on_stop::retire;
};

// Keeps as many sessions open as there is work, until a signal. Returns the exit code.
int run_follow(const follow_options& options);

}  // namespace nullworker::client
