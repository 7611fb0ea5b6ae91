#pragma once

#include <commands/session_options.hpp>
#include <follow/follow_plan.hpp>
#include <nullworker/base/clock.hpp>
#include <vast/failure.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace nullworker::client {

struct follow_options : session_options {
    std::string depth;  // a line of shell that prints how much work there is
    int least = 0;
    int most = 0;
    seconds hysteresis{30.0};
    seconds interval{2.0};        // between two runs of `depth`, and between two checks of a session
    seconds depth_timeout{10.0};  // for one run of it
    seconds patience{10.0};       // how long a worker may be out of reach before its session counts as lost
};

// The sum of the numbers in what a command printed; fails where there is none, or something else.
[[nodiscard]] outcome<std::int64_t> read_depth(std::string_view printed);

// Keeps as many sessions open as there is work, until a signal; then ends them. Returns the exit code.
int run_follow(const follow_options& options);

}  // namespace nullworker::client
