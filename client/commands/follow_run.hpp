#pragma once

#include <commands/session_options.hpp>
#include <follow/depth_command.hpp>
#include <follow/follow_plan.hpp>
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
    depth_script depth;
    int least = 0;
    int most = 0;
    int jobs_per_session = 1;
    seconds hysteresis{30.0};
    seconds interval{2.0};   // between two runs of `depth`, and between two checks of a session
    seconds recheck{60.0};   // how far looks lie apart, at last, at work that no worker finds
    seconds patience{10.0};  // how long a worker may be out of reach at least before it is replaced
    std::string state;       // a file; empty: the usual one
    on_stop parting = on_stop::retire;
    std::string metrics;  // where they are served, an address of this machine and a port; empty: nowhere
    bool dry = false;     // nothing is opened, and what would be is told

    [[nodiscard]] follow_limits limits() const {
        return {.least = least,
                .most = most,
                .hysteresis = to_ticks(hysteresis),
                .jobs_per_session = jobs_per_session,
                .interval = to_ticks(interval),
                .recheck = to_ticks(recheck)};
    }
};

// Keeps as many sessions open as there is work, until a signal. Returns the exit code.
int run_follow(const follow_options& options);

}  // namespace nullworker::client
