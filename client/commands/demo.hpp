#pragma once

#include <commands/session_options.hpp>

#include <optional>

namespace nullworker::client {

struct demo_options : session_options {
    int count = 3;                   // sessions, 1 to 100
    std::optional<double> interval;  // s between starts, and between ends
    std::optional<double> plateau;   // s during which all are held
};

// Starts sessions one after the other, holds them all for a while, ends them one after the other, and shows
// what happens. Returns the exit code: non-zero when any session failed.
int run_demo(const demo_options& options);

}  // namespace nullworker::client
